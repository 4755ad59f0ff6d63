"""Errors of the package, with messages for the person at the microscope.

A message is one or two sentences: what is wrong, with which layer or file, and what to
do. Docks show it unchanged; the command line prints it on standard error and exits with
code 2.
"""

from __future__ import annotations


class GarageError(Exception):
    """Base class of all errors that this package raises on purpose."""


class InputError(GarageError, ValueError):
    """Images, strokes or settings that are invalid or do not fit each other."""


class ColorsError(InputError):
    """A picture in colours where there has to be one number per pixel."""


class ModelFileError(GarageError):
    """A model file that is missing, damaged or not a model."""


class OutputError(GarageError, OSError):
    """A result that cannot be written to the given path."""


class EngineError(GarageError, RuntimeError):
    """A failure of the engine, of its process or of a package that it needs."""
