"""Something that went wrong, for people to read."""

from __future__ import annotations
