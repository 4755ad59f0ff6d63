"""Progress and Ctrl-C in a terminal."""

from __future__ import annotations

import io
import os
import signal
import sys

import pytest

from napari_garage_unet.cli.terminal import ProgressLine, interrupt_flag
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


def test_second_ctrl_c_interrupts_at_once():
    with interrupt_flag() as asked:
        os.kill(os.getpid(), signal.SIGINT)
        assert asked == [True]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
