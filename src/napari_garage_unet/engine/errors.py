"""What can go wrong, said so that a person can act on it.

Every message is one sentence or two: what is wrong, with which layer or file,
and what to do. The docks show it as it stands; the command line prints it on
standard error and exits with 2.
"""

from __future__ import annotations


class GarageError(Exception):
    """Base of all errors this package raises on purpose."""


class InputError(GarageError, ValueError):
    """An image, strokes or a setting that cannot be worked with."""


class ModelFileError(GarageError):
    """A model file that is missing, damaged or of another kind."""


class OutputError(GarageError, OSError):
    """A result that cannot be written where it was asked for."""


class EngineError(GarageError, RuntimeError):
    """The engine, or the process it runs in, stopped working."""
