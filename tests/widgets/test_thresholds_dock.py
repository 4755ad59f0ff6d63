"""The Thresholds dock in a real window: what it shows and when."""

from __future__ import annotations

import numpy as np
import pytest
from made_results import balls, levels_of, make_result


@pytest.fixture
def make(viewer, session):
    """Make a result of a picture with two cells."""

    def made(name="cells"):
        cell = balls((96, 128), [(40, 40), (50, 90)])
        layer = viewer.add_image(np.rint(cell * 255).astype(np.uint8), name=name)
        return make_result(viewer, session, layer, levels_of(cell))

    return made


def close(viewer, dock):
    viewer.window.remove_dock_widget(dock)


def has_histograms(dock):
    return bool(dock.rows) and all(row.slider.bars.any() for row in dock.rows)


def test_histograms_are_there_when_the_dock_opens_after_the_result(make, open_dock):
    make()
    assert has_histograms(open_dock("Thresholds"))


def test_histograms_are_there_when_the_result_comes_after_the_dock(
    make, open_dock, wait
):
    dock = open_dock("Thresholds")
    make()
    wait(lambda: has_histograms(dock))


def test_histograms_are_there_when_the_dock_is_opened_again(
    make, viewer, open_dock, wait
):
    make()
    first = open_dock("Thresholds")
    close(viewer, first)
    second = open_dock("Thresholds")
    assert second is not first
    assert has_histograms(second)


def test_histograms_are_there_when_the_dock_comes_from_behind_another(
    make, viewer, session, wait
):
    add = viewer.window.add_plugin_dock_widget
    front, widget = add("napari-garage-unet", "Thresholds")
    thresholds = getattr(widget, "__wrapped__", widget)
    behind, _ = add("napari-garage-unet", "Segment", tabify=True)
    behind.raise_()
    wait(lambda: not thresholds.isVisible())
    make()
    assert not has_histograms(thresholds)
    front.raise_()
    wait(lambda: has_histograms(thresholds))
