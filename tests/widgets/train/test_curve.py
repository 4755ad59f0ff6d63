from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.process.protocol.messages import Progress
from napari_garage_unet.session.training.history import History
from napari_garage_unet.widgets.train.curve import Curve


def test_a_smoothed_line_starts_at_the_first_value_and_follows():
    history = History()
    for step, loss in enumerate([4.0, *[1.0] * 60]):
        history.add(Progress(1, step, float(step), loss))
    assert history.smooth[0] == 4
    assert history.smooth[-1] == pytest.approx(1, abs=0.01)
    assert np.all(np.diff(history.smooth) <= 0)


def test_a_resumed_training_goes_on_along_the_time_axis():
    history = History()
    history.add(Progress(1, 1, 1.0, 0.9))
    history.add(Progress(1, 2, 2.0, 0.8, validation_loss=0.7, accuracy=0.5))
    history.add(Progress(2, 1, 0.5, 0.6))
    history.add(Progress(2, 2, 0.75, 0.6))
    assert history.seconds == [1.0, 2.0, 2.5, 2.75]
    assert history.checked_at == [2.0]
    assert history.accuracy == [0.5]


def test_a_training_that_keeps_its_clock_goes_on_without_a_gap():
    history = History()
    history.add(Progress(1, 1, 1.0, 0.9))
    history.add(Progress(2, 2, 1.5, 0.8))
    assert history.seconds == [1.0, 1.5]


@pytest.mark.parametrize("steps", [0, 1, 2, 3000])
def test_any_length_of_history_is_drawn(qtbot, steps):
    history = History()
    for step in range(steps):
        history.add(Progress(1, step, float(step), 1 / (step + 1), 0.5, 0.5))
    curve = Curve()
    qtbot.addWidget(curve)
    curve.resize(280, 110)
    empty = curve.grab().toImage()
    curve.show_history(history)
    drawn = curve.grab().toImage()
    assert (drawn != empty) is (steps > 0)


class Counted(list):
    """A list that counts the reads of its values and refuses to be read as a whole."""

    looks = 0

    def __getitem__(self, index):
        self.looks += 1
        return super().__getitem__(index)

    def __iter__(self):
        raise AssertionError("all of it is looked at")


def test_a_long_history_is_drawn_without_looking_at_all_of_it(qtbot):
    history = History()
    for step in range(20_000):
        history.add(Progress(1, step, float(step), 1.0, 0.5, 0.5))
        history.add_correction(0.5)
    lists = [
        "seconds",
        "smooth",
        "checked_at",
        "checked_loss",
        "corrected_at",
        "corrected",
    ]
    for name in lists:
        setattr(history, name, Counted(getattr(history, name)))
    curve = Curve()
    qtbot.addWidget(curve)
    curve.show_history(history)
    curve.grab()
    looks = {name: getattr(history, name).looks for name in lists}
    assert all(0 < n <= 900 for n in looks.values()), looks


def test_steps_that_come_faster_than_one_can_read_are_drawn_together(qtbot):
    painted = []

    class Noted(Curve):
        def paintEvent(self, event):
            painted.append(event)
            super().paintEvent(event)

    curve = Noted()
    qtbot.addWidget(curve)
    curve.show()
    qtbot.waitExposed(curve)
    qtbot.wait(50)
    painted.clear()
    for _ in range(20):
        curve.follow()
        qtbot.wait(2)
    assert not painted
    qtbot.waitUntil(lambda: len(painted) == 1, timeout=5000)
