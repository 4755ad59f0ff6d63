"""The terminal during a command: silent start of TensorFlow, lines and progress."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from napari_garage_unet.engine.compute.devices import Devices
    from napari_garage_unet.engine.images.image import Image
    from napari_garage_unet.engine.learning.events import TrainingStep


def start_engine() -> None:
    """Import TensorFlow without the notes about the machine that it prints.

    The notes come from C++ and go to file descriptor 2; they are shown only if the
    import fails.
    """
    # 3 hides errors too; those that matter are raised as exceptions.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            import_module("napari_garage_unet.engine.compute.backend")
        except BaseException:
            notes.seek(0)
            os.write(kept, notes.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def say(text: str, *, err: bool = False) -> None:
    """Print a line, also to nobody.

    A terminal that was closed, or a reader that has gone, ends no work; what is written
    to it from then on is dropped.

    Parameters
    ----------
    text
        The line.
    err
        Whether it goes to standard error.
    """
    try:
        click.echo(text, err=err)
    except OSError:
        _silence(sys.stderr if err else sys.stdout)


def say_device(devices: Devices) -> None:
    """Print on standard error which device computes, or why it is not a GPU."""
    say(devices.note or f"Computing on {devices.text}.", err=True)


def say_notes(image: Image) -> None:
    """Print on standard error what one would not expect of a file that was read."""
    for note in image.notes:
        say(note, err=True)


class ProgressLine:
    """Progress of a training, as one line on standard error.

    Nothing is written if standard error is not a terminal.

    Parameters
    ----------
    goal
        Length of the training in words, such as ``"30 s"``.

    Attributes
    ----------
    last
        The last step; None before the first.
    accuracy
        Accuracy of the last validation on held-out strokes, in [0, 1]; None before the
        first.
    best_accuracy
        Accuracy of the best validation, whose model is the one that is kept.
    """

    def __init__(self, goal: str) -> None:
        self.goal = goal
        self.last: TrainingStep | None = None
        self.accuracy: float | None = None
        self.best_accuracy: float | None = None
        self._width = 0
        self._shown = sys.stderr.isatty()

    def __call__(self, step: TrainingStep) -> None:
        """Show a training step."""
        self.last = step
        if step.validation is not None:
            self.accuracy = step.validation.accuracy
            if step.validation.best:
                self.best_accuracy = self.accuracy
        line = f"step {step.step}, {step.seconds:.0f} s of {self.goal}"
        line += f", loss {step.loss:.3f}"
        if self.accuracy is not None:
            line += f", {100 * self.accuracy:.0f} % of the held-out strokes right"
        self._show(line)

    def close(self) -> None:
        """Clear the line."""
        if self._width:
            self._show("")
            self._write("\r")

    def _show(self, line: str) -> None:
        if not self._shown:
            return
        self._write("\r" + line.ljust(self._width))
        self._width = len(line)

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            self._shown = False
            _silence(sys.stderr)


def _silence(stream: IO[Any]) -> None:
    """Drop what is written to a stream, so that nothing fails when the program ends."""
    # Streams that are no files, as in tests, have no descriptor.
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
