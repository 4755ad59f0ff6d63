from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPointF, Qt
from qtpy.QtTest import QTest

from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.process.protocol.messages import SaveModel
from napari_garage_unet.session.segmentation.segmentation_job import SegmentationOptions


@pytest.fixture
def trained(painted, open_dock, wait):
    open_dock("Train U-Net").learn_button.click()
    wait(lambda: painted.preview.shown > 0)
    painted.stop()
    wait(lambda: not painted.live.is_running)
    return painted


@pytest.fixture
def ramp(viewer):
    """Three planes that go from dark to bright."""
    row = np.linspace(0, 255, 60).astype(np.uint8)
    return viewer.add_image(
        np.tile(row, (3, 40, 1)), name="ramp", axis_labels=tuple("zyx")
    )


def choose(box, text):
    """Choose an entry of a combo box."""
    place = box.findText(text)
    assert place >= 0, text
    box.setCurrentIndex(place)


def test_segment_needs_a_model_first(open_dock, painted):
    dock = open_dock("Segment")
    assert not dock.segment_button.isEnabled()
    assert not dock.models.save_button.isEnabled()
    assert "Train a model" in dock.hint.text.text()


def test_the_trained_model_is_offered_and_segments(open_dock, trained, wait):
    dock = open_dock("Segment")
    assert dock.models.box.currentText() == "just trained"
    dock.segment_button.click()
    wait(lambda: not trained.segmentation.is_running)
    (result,) = [r for r in trained.results if not r.is_preview]
    assert np.all(result.layer.data[:, 30:] == 2)
    assert "class 2" in dock.summary.text()
    assert "50.0%" in dock.summary.text()


def test_planes_are_offered_for_stacks_only(open_dock, trained, viewer, ramp):
    dock = open_dock("Segment")
    assert not dock.all_planes.isVisible()
    choose(dock.image_picker.native, "ramp")
    assert dock.all_planes.isVisible()
    assert dock.all_planes.text() == "all 3 planes"
    trained.images.rearrange(trained.images.of_layer(ramp), "tyx")
    assert dock.all_planes.text() == "all 3 frames"
    bands = viewer.add_image(np.zeros((40, 60, 6)), name="bands", rgb=False)
    choose(dock.image_picker.native, bands.name)
    assert not dock.all_planes.isVisible()


def test_all_planes_are_segmented_with_a_bar(open_dock, trained, ramp, engine, wait):
    dock = open_dock("Segment")
    choose(dock.image_picker.native, "ramp")
    dock.all_planes.setChecked(True)
    engine.holds_predictions = True
    dock.segment_button.click()
    wait(lambda: dock.progress.isVisible())
    assert dock.progress.maximum() == 3
    assert dock.segment_button.text() == "Cancel"
    engine.holds_predictions = False
    wait(lambda: not trained.segmentation.is_running)
    assert not dock.progress.isVisible()
    assert dock.segment_button.text() == "Segment"


def test_saving_is_told(open_dock, trained, engine, wait, tmp_path, monkeypatch):
    from qtpy.QtWidgets import QFileDialog

    dock = open_dock("Segment")
    path = str(tmp_path / "mine.garage")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (path, ""))
    dock.models.save_button.click()
    wait(lambda: "Saved to" in dock.hint.text.text())
    assert path in [save.path for save in engine.sent(SaveModel)]


def test_a_file_that_is_no_model_is_one_sentence(open_dock, session, tmp_path):
    dock = open_dock("Segment")
    path = tmp_path / "no.garage"
    path.write_bytes(b"nothing")
    dock.models.load(path)
    assert "damaged or not a model" in dock.hint.text.text()
    assert dock.models.box.count() == 0


def test_there_is_a_slider_per_class(open_dock, trained):
    dock = open_dock("Thresholds")
    assert [row.class_id for row in dock.rows] == [1, 2]
    assert all(row.slider.value == 0.5 for row in dock.rows)


def test_dragging_a_slider_changes_the_plane_on_view(
    open_dock, trained, viewer, ramp, wait, settle
):
    viewer.dims.set_point(0, 1)
    trained.segment("live", [ramp], SegmentationOptions(all_planes=True))
    wait(lambda: not trained.segmentation.is_running)
    result = trained.results.of_image(ramp)
    dock = open_dock("Thresholds")
    dock.show_result(result)
    settle()
    before = result.layer.data.copy()
    slider = dock.rows[1].slider
    start, target = slider.position_of(0.5), slider.position_of(0.1)
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=start.toPoint())
    for part in np.linspace(0, 1, 8):
        at = QPointF(start.x() + part * (target.x() - start.x()), start.y())
        QTest.mouseMove(slider, at.toPoint())
        slider.move_to(at.x())
        settle(0.04)
    assert (result.layer.data[1] == 2).sum() > (before[1] == 2).sum()
    assert np.array_equal(result.layer.data[0], before[0])
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=target.toPoint())
    wait(lambda: result.n_outdated == 0)
    assert np.array_equal(result.layer.data[0], result.layer.data[1])
    assert result.rule(2).threshold == pytest.approx(0.1, abs=0.02)


def test_arrow_keys_move_a_threshold(open_dock, trained):
    dock = open_dock("Thresholds")
    row = dock.rows[0]
    QTest.keyClick(row.slider, Qt.Key.Key_Right)
    QTest.keyClick(row.slider, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert row.value.value() == pytest.approx(0.61)
    (result,) = trained.results
    assert result.rule(1).threshold == pytest.approx(0.61)


def test_auto_goes_back_to_the_most_likely_class(open_dock, trained, settle):
    dock = open_dock("Thresholds")
    (result,) = trained.results
    plain = result.layer.data.copy()
    row = dock.rows[1]
    row.value.setValue(1.0)
    settle()
    row.value.setValue(0.97)
    settle()
    row.auto_button.click()
    assert result.rule(2) == ClassRule()
    assert np.array_equal(result.layer.data, plain)
    assert not row.auto_button.isEnabled()


def test_clean_up_acts_on_the_class_that_was_clicked_or_on_all(open_dock, trained):
    dock = open_dock("Thresholds")
    (result,) = trained.results
    QTest.mouseClick(dock.rows[1], Qt.MouseButton.LeftButton)
    dock.clean_up.form.field("min_size").setValue(40)
    assert result.rule(2).min_size == 40
    assert result.rule(1).min_size == 0
    dock.clean_up.all_classes.setChecked(True)
    assert result.rule(1).min_size == 40


def test_reset_all_clears_every_rule(open_dock, trained):
    dock = open_dock("Thresholds")
    (result,) = trained.results
    dock.rows[0].value.setValue(0.9)
    dock.clean_up.form.field("fill_holes").setValue(12)
    assert result.rules
    dock.history.reset_button.click()
    assert result.rules == {}
    assert dock.rows[0].value.value() == 0.5
    assert dock.clean_up.form.field("fill_holes").value() == 0


def test_the_dock_says_what_to_do_without_a_result(open_dock, session):
    dock = open_dock("Thresholds")
    assert dock.rows == ()
    assert "its result is tuned here" in dock.hint.text.text()
    assert not dock.clean_up.isVisible()


def test_a_deleted_result_leaves_the_dock(open_dock, trained, viewer):
    dock = open_dock("Thresholds")
    (result,) = trained.results
    viewer.layers.remove(result.layer)
    assert dock.rows == ()
