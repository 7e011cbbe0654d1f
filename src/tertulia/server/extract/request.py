"""What a request to extract holds."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from pydantic import Field

from ...errors import SettingsError
from ...tools.extraction import Wanted
from ..problems import refused
from ..reading.shapes import Metadata, Shape


class ExtractRequest(Shape):
    """A file, and what is wanted of it: `schema` or `fields`."""

    model: str = Field(default="tertulia", max_length=200)
    file: str = Field(min_length=1)
    """The file in base64, or as a data URL."""
    filename: str = Field(default="image", max_length=255)
    """Its name, which tells the format of those that are not images."""
    wanted_schema: dict[str, Any] | None = Field(default=None, alias="schema")
    """JSON schema of what is wanted."""
    fields: str = Field(default="", max_length=20_000)
    """What is wanted in a line, as in `vendor, date: date, items[]: {name, price: number}`."""
    ask_model: bool = True
    """Whether the model is asked for what rules do not find."""
    metadata: Metadata | None = None

    def wanted(self) -> Wanted:
        """
        Raises:
            Problem: if neither schema nor fields is given, or both are, or it cannot be read from paper.
        """
        if (self.wanted_schema is None) == (not self.fields):
            raise refused("schema", "say what is wanted: either schema or fields", "missing_schema")
        try:
            return Wanted.of_line(self.fields) if self.wanted_schema is None else Wanted.of_schema(self.wanted_schema)
        except SettingsError as error:
            raise refused("schema" if self.wanted_schema else "fields", str(error), "unusable_schema") from None

    def data(self) -> bytes:
        """
        Raises:
            Problem: if it is not base64.
        """
        head, comma, rest = self.file.partition(",")
        encoded = rest if comma and head.startswith("data:") else self.file
        try:
            return base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise refused("file", "the file is not valid base64", "invalid_base64") from None
