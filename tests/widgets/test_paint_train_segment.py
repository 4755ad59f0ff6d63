"""The whole way in a real window, with the real engine process."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_garage_unet import samples
from napari_garage_unet.engine.evaluation.scores import score
from napari_garage_unet.engine.learning.events import StopReason
from napari_garage_unet.session import get_session

PLUGIN = "napari-garage-unet"
RIGHT = 0.3
"""Share of the held-out strokes that is right when Stop is pressed; by chance 0.1."""

PATIENCE = 240.0
"""Seconds for a step that takes a few on an idle machine."""


@pytest.fixture
def garage(make_napari_viewer_proxy):
    viewer = make_napari_viewer_proxy(show=True)
    viewer.window.resize(1600, 1000)
    viewer.open_sample(PLUGIN, "garage")
    return viewer


def test_paint_train_segment_tune_save_and_load(garage, wait, tmp_path, monkeypatch):
    viewer = garage
    session = get_session(viewer)
    photograph = viewer.layers["garage photograph"]
    photograph.scale, photograph.translate = (0.5, 0.5), (10, 20)
    viewer.layers["strokes"].scale = photograph.scale
    viewer.layers["strokes"].translate = photograph.translate
    docks = {
        name: viewer.window.add_plugin_dock_widget(PLUGIN, name, tabify=tabify)
        for name, tabify in (
            ("Train U-Net", False),
            ("Segment", True),
            ("Thresholds", True),
        )
    }
    train, segment, thresholds = (widget for _, widget in docks.values())
    docks["Train U-Net"][0].raise_()

    # Learn, and see the preview change at least twice.
    pictures = []

    def keep_picture():
        result = session.results.preview_of(session.images.current)
        if result is None:
            return
        picture = result.layer.data.copy()
        if not pictures or not np.array_equal(pictures[-1], picture):
            pictures.append(picture)

    train.more.training_form.field("seconds").setValue(PATIENCE)
    QTest.mouseClick(train.learn_button, Qt.MouseButton.LeftButton)
    assert session.problem is None, session.problem

    def has_learnt():
        keep_picture()
        assert session.problem is None, session.problem
        assert session.live.is_running
        right = session.job.history.accuracy
        return len(pictures) >= 3 and bool(right) and right[-1] >= RIGHT

    wait(has_learnt, seconds=PATIENCE)
    assert session.live.is_running
    QTest.mouseClick(train.learn_button, Qt.MouseButton.LeftButton)
    wait(lambda: not session.live.is_running, seconds=PATIENCE)
    assert session.live.origin.reason is StopReason.STOPPED

    # Segment.
    docks["Segment"][0].raise_()
    QTest.mouseClick(segment.segment_button, Qt.MouseButton.LeftButton)
    wait(lambda: not session.segmentation.is_running, seconds=PATIENCE)
    result = session.results.of_image(session.images.current.layer)
    layer = result.layer
    sample = samples.garage()
    assert layer.data.shape == sample.strokes.shape
    assert set(np.unique(layer.data)) <= set(np.unique(sample.strokes)) - {0}
    assert np.allclose(layer.scale, (0.5, 0.5))
    assert np.allclose(layer.translate, (10, 20))
    found = score(sample.mask_left, layer.data, strokes=sample.strokes)
    assert found.mean_iou > 0.35, found
    assert layer.get_color(1)[3] == 0

    # Tune: fewer wheels with a higher threshold.
    docks["Thresholds"][0].raise_()
    wait(lambda: len(thresholds.rows) == 9)
    thresholds.show_result(result)
    row = next(row for row in thresholds.rows if row.class_id == 4)
    before = layer.data.copy()
    for _ in range(4):
        QTest.keyClick(row.slider, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    wait(lambda: result.n_outdated == 0)
    assert 0 < (layer.data == 4).sum() < (before == 4).sum()
    assert result.rule(4).threshold == pytest.approx(1 / 9 + 0.4, abs=0.01)

    # Save, load, and get the same again: probabilities, thresholds and all.
    path = tmp_path / "garage.garage"
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *args, **kwargs: (str(path), "")
    )
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda *args, **kwargs: (str(path), "")
    )
    segment.models.save_button.click()
    wait(path.exists, seconds=PATIENCE)
    wait(lambda: "Saved" in segment.hint.text.text(), seconds=PATIENCE)
    tuned = layer.data.copy()
    layer.name = "tuned"
    segment.models.load_button.click()
    assert segment.models.box.currentText() == "garage"
    segment.segment_button.click()
    wait(lambda: not session.segmentation.is_running, seconds=PATIENCE)
    assert session.problem is None, session.problem
    again = session.results.of_image(session.images.current.layer)
    assert again.model == str(path)
    assert np.mean(again.layer.data == tuned) > 0.999

    # A picture of it all, and nothing in this process that must not be there.
    again.layer.visible = layer.visible = False
    docks["Train U-Net"][0].raise_()
    shot = tmp_path / "screenshot.png"
    wait(lambda: docks["Train U-Net"][0].isVisible())
    viewer.screenshot(str(shot), canvas_only=False, flash=False)
    image = QImage(str(shot))
    assert image.width() >= 1200
    assert not {"tensorflow", "keras"} & set(sys.modules)
    client = session.link.client
    assert client.is_alive
    viewer.close()
    wait(lambda: not client.is_alive, seconds=20)
