"""Stored runs as texts that leave the house: JSON for programs, Markdown and HTML for people."""
