"""The terminal during a command: silent start of TensorFlow, progress and Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from napari_garage_unet.engine.compute.devices import Devices
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


def say_device(devices: Devices) -> None:
    """Print on standard error which device computes, or why it is not a GPU."""
    click.echo(devices.note or f"Computing on {devices.text}.", err=True)


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
            sys.stderr.write("\r")
            sys.stderr.flush()

    def _show(self, line: str) -> None:
        if not self._shown:
            return
        sys.stderr.write("\r" + line.ljust(self._width))
        sys.stderr.flush()
        self._width = len(line)


@contextmanager
def interrupt_flag() -> Iterator[list[bool]]:
    """Catch the first Ctrl-C as a request to stop.

    Yields
    ------
    list of bool
        Empty until Ctrl-C is pressed. A second Ctrl-C raises `KeyboardInterrupt`.
    """
    asked: list[bool] = []

    def ask(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(True)

    try:
        former = signal.signal(signal.SIGINT, ask)
    except ValueError:
        # Only the main thread can set handlers; in others Ctrl-C stays as it is.
        yield asked
        return
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, former)
