"""Progress and lines in a terminal, also in one that is gone."""

from __future__ import annotations

import errno
import io
import sys

from napari_garage_unet.cli.terminal import ProgressLine, say
from napari_garage_unet.engine.learning.events import TrainingStep, Validation


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_one_line_that_a_terminal_updates(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    progress = ProgressLine("30 s")
    progress(TrainingStep(99, 1.2, 0.5, Validation(0.4, 0.875, best=True)))
    progress(TrainingStep(100, 2.6, 0.4))
    assert terminal.getvalue().count("\n") == 0
    last = terminal.getvalue().split("\r")[-1]
    expected = "step 100, 3 s of 30 s, loss 0.400, 88 % of the held-out strokes right"
    assert last.rstrip() == expected
    progress.close()
    assert terminal.getvalue().split("\r")[-2:] == [" " * len(expected), ""]


def test_kept_accuracy_is_that_of_the_best_state():
    progress = ProgressLine("30 s")
    progress(TrainingStep(10, 1.0, 0.5, Validation(0.4, 0.8, best=True)))
    progress(TrainingStep(20, 2.0, 0.5, Validation(0.6, 0.7, best=False)))
    assert (progress.accuracy, progress.best_accuracy) == (0.7, 0.8)


def test_progress_stays_silent_without_a_terminal(monkeypatch):
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    progress = ProgressLine("30 s")
    progress(TrainingStep(1, 1.0, 0.5))
    progress.close()
    assert pipe.getvalue() == ""


class Closed(io.StringIO):
    """A terminal whose window was closed."""

    def isatty(self):
        return True

    def write(self, text):
        raise OSError(errno.EIO, "Input/output error")


def test_a_closed_terminal_ends_no_work(monkeypatch):
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, Closed())
    progress = ProgressLine("30 s")
    progress(TrainingStep(1, 1.0, 0.5))
    progress.close()
    assert progress.last.step == 1
    say("m.garage")
    say("a note", err=True)
