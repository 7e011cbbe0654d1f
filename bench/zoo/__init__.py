"""A zoo of model behaviours on one counting server."""

from .names import BEHAVIOURS, Behaviour
from .server import Zoo

__all__ = ["BEHAVIOURS", "Behaviour", "Zoo"]
