from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.process.messages import Progress
from napari_garage_unet.session.training_job import History
from napari_garage_unet.widgets.curve import Curve, smoothed


def test_a_smoothed_line_starts_at_the_first_value_and_follows():
    line = smoothed(np.array([4.0, *[1.0] * 60]))
    assert line[0] == 4
    assert line[-1] == pytest.approx(1, abs=0.01)
    assert np.all(np.diff(line) <= 0)


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
