"""The Thresholds dock in a real window: what it shows and when."""

from __future__ import annotations

import numpy as np
import pytest
from made_results import balls, levels_of, make_result
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDockWidget

from napari_garage_unet.engine.labels.clean_up import apply_rules
from napari_garage_unet.engine.labels.rules import ClassRule


@pytest.fixture
def make(viewer, session):
    """Make a result of a picture with two cells."""

    def made(name="cells", centres=((40, 40), (50, 90))):
        cell = balls((96, 128), centres)
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
    wait(lambda: not thresholds.is_seen)
    make()
    assert not has_histograms(thresholds)
    front.raise_()
    wait(lambda: has_histograms(thresholds))


# -- presets ----------------------------------------------------------------------


def type_name(dock, name):
    edit = dock.presets.box.lineEdit()
    edit.selectAll()
    QTest.keyClicks(edit, name)


def choose(dock, name):
    box = dock.presets.box
    place = box.findText(name)
    box.setCurrentIndex(place)
    box.activated.emit(place)


def test_a_preset_is_saved_chosen_and_deleted(make, open_dock, session):
    result = make()
    dock = open_dock("Thresholds")
    dock.rows[1].value.setValue(0.3)
    assert not dock.presets.save_button.isEnabled()
    type_name(dock, "bright")
    dock.presets.save_button.click()
    assert dock.presets.box.itemText(0) == "bright"
    assert not dock.presets.save_button.isEnabled()

    dock.rows[1].value.setValue(0.6)
    assert dock.presets.box.currentText() == "bright"
    assert dock.presets.save_button.isEnabled()
    choose(dock, "bright")
    assert result.rule(2).threshold == pytest.approx(0.3)
    assert dock.rows[1].value.value() == pytest.approx(0.3)

    dock.history.undo_button.click()
    assert dock.rows[1].value.value() == pytest.approx(0.6)
    dock.presets.delete_button.click()
    assert dock.presets.box.count() == 0
    assert dock.presets.box.currentText() == ""
    dock.history.undo_button.click()
    assert dock.presets.box.itemText(0) == "bright"


def test_presets_by_keyboard_alone(make, open_dock):
    result = make()
    dock = open_dock("Thresholds")
    type_name(dock, "plain")
    QTest.keyClick(dock.presets.box.lineEdit(), Qt.Key.Key_Return)
    assert dock.presets.box.findText("plain") == 0
    dock.rows[1].value.setValue(0.2)
    type_name(dock, "plain")
    QTest.keyClick(dock.presets.box.lineEdit(), Qt.Key.Key_Return)
    assert result.rules.get(2, ClassRule()) == ClassRule()


def test_presets_and_undo_are_there_after_closing_the_dock(make, viewer, open_dock):
    make()
    first = open_dock("Thresholds")
    first.rows[1].value.setValue(0.3)
    type_name(first, "bright")
    first.presets.save_button.click()
    close(viewer, first)
    second = open_dock("Thresholds")
    assert second.presets.box.currentText() == "bright"
    second.history.undo_button.click()
    second.history.undo_button.click()
    assert not second.history.undo_button.isEnabled()
    assert second.rows[1].value.value() == pytest.approx(0.5)


def test_a_preset_without_a_name_is_one_sentence(make, open_dock, session):
    make()
    dock = open_dock("Thresholds")
    type_name(dock, "x" * 80)
    dock.presets.save_button.click()
    assert "at most 60 characters" in dock.hint.text.text()


# -- seeds ------------------------------------------------------------------------


def split(dock):
    dock.rows[1].value.setValue(0.4)
    dock.clean_up.form.field("split").click()


def test_seeds_are_shown_while_splitting_is_tuned(
    make, viewer, session, open_dock, wait
):
    result = make()
    dock = open_dock("Thresholds")
    assert not dock.clean_up.slider.isEnabled()
    split(dock)
    wait(lambda: session.seeds.layer is not None)
    assert len(session.seeds.seeds) == 2
    dock.clean_up.form.field("split").click()
    assert session.seeds.layer is None
    assert "seeds of cells" not in viewer.layers
    assert not result.rule(2).split


def test_seeds_follow_the_slider_while_it_is_held(make, session, open_dock, wait):
    result = make(centres=((40, 40), (40, 62)))
    dock = open_dock("Thresholds")
    split(dock)
    wait(lambda: session.seeds.layer is not None)
    assert len(session.seeds.seeds) == 2
    slider = dock.clean_up.slider
    slider.setSliderDown(True)
    for value in (20, 60, 120):
        slider.setValue(value)
    # The cells touch, and their centres are 22 pixels apart.
    wait(lambda: len(session.seeds.seeds) == 1)
    assert result.rule(2).split_distance == 60
    slider.setSliderDown(False)
    # The whole drag is one step to undo; the one before was to split at all.
    dock.history.undo_button.click()
    assert result.rule(2).split_distance is None
    assert slider.value() == 0
    assert result.rule(2).split
    dock.history.undo_button.click()
    assert not result.rule(2).split


def test_seeds_go_when_another_dock_is_in_front_and_when_the_dock_is_closed(
    make, viewer, session, open_dock, wait, settle
):
    make()
    dock = open_dock("Thresholds")
    split(dock)
    wait(lambda: session.seeds.layer is not None)
    dock.objects.find_button.click()
    wait(lambda: session.objects.newest is not None)
    dock.objects.table_button.click()
    wait(lambda: not dock.is_seen)
    settle(0.5)
    assert "seeds of cells" not in viewer.layers
    for outer in dock.window().findChildren(QDockWidget):
        if outer.isAncestorOf(dock):
            outer.raise_()
    wait(lambda: "seeds of cells" in viewer.layers)
    close(viewer, dock)
    settle()
    assert "seeds of cells" not in viewer.layers


def test_deleting_the_layer_of_seeds_unticks_its_box(
    make, viewer, session, open_dock, wait
):
    make()
    dock = open_dock("Thresholds")
    split(dock)
    wait(lambda: session.seeds.layer is not None)
    viewer.layers.remove("seeds of cells")
    assert not dock.clean_up.seeds.isChecked()
    dock.clean_up.seeds.click()
    wait(lambda: "seeds of cells" in viewer.layers)


# -- stacks and volumes -----------------------------------------------------------


@pytest.fixture(params=["t", "z"])
def deep(request, viewer, session):
    """Two balls in eleven planes, over time or in depth."""
    cell = balls((11, 60, 80), [(5, 20, 20), (5, 40, 60)], radius=9)
    layer = viewer.add_image(
        np.rint(cell * 255).astype(np.uint8),
        name="deep",
        axis_labels=(request.param, "y", "x"),
        scale=(1, 0.5, 0.5),
        units=("um", "um", "um") if request.param == "z" else ("s", "um", "um"),
    )
    return make_result(viewer, session, layer, levels_of(cell))


def drag_to(slider, value, settle):
    at = slider.position_of(slider.value).toPoint()
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=at)
    for part in np.linspace(slider.value, value, 5):
        slider.move_to(slider.position_of(part).x())
        settle(0.04)
    to = slider.position_of(value).toPoint()
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=to)


def test_letting_go_of_a_slider_applies_to_every_plane(
    deep, viewer, open_dock, wait, settle
):
    viewer.dims.set_point(0, 5)
    dock = open_dock("Thresholds")
    settle()
    assert "all 11" in dock.hint.text.text()
    before = deep.layer.data.copy()
    drag_to(dock.rows[1].slider, 0.25, settle)
    wait(lambda: not deep.n_outdated)
    expected = np.stack(
        [
            apply_rules(deep.probabilities((i,)), deep.rules, class_ids=(1, 2))
            for i in range(11)
        ]
    )
    np.testing.assert_array_equal(deep.layer.data, expected)
    assert (deep.layer.data != before).any(axis=(1, 2)).sum() > 3
    dock.history.undo_button.click()
    wait(lambda: not deep.n_outdated)
    np.testing.assert_array_equal(deep.layer.data, before)


def test_histograms_are_those_of_the_plane_on_view(deep, viewer, open_dock, wait):
    viewer.dims.set_point(0, 5)
    dock = open_dock("Thresholds")
    middle = dock.rows[1].slider.bars.copy()
    viewer.dims.set_point(0, 0)
    wait(lambda: not np.array_equal(dock.rows[1].slider.bars, middle))


def test_objects_are_found_and_listed(deep, session, viewer, open_dock, wait, settle):
    dock = open_dock("Thresholds")
    dock.rows[1].value.setValue(0.4)
    dock.clean_up.form.field("split").click()
    dock.objects.find_button.click()
    wait(lambda: session.objects.newest is not None)
    found = session.objects.newest
    if deep.image.spatial_axes == "zyx":
        assert len(found.table["label"]) == 2
    else:
        per_plane = [len(np.unique(ids)) - 1 for ids in found.layer.data]
        assert sum(per_plane) == len(found.table["label"]) > 2
    table = open_dock("Objects")
    settle()
    assert table.sorted.rowCount() == len(found.table["label"])
    viewer.dims.set_point(0, 0)
    table.view.selectRow(1)
    label = found.layer.selected_label
    assert label == found.table["label"][1]
    step = round(viewer.dims.point[0])
    assert (found.layer.data[step] == label).any()


def test_the_unit_is_kept_when_the_dock_is_opened_again(deep, viewer, open_dock):
    first = open_dock("Thresholds")
    assert not first.clean_up.unit_box.isHidden()
    first.clean_up.unit_box.setCurrentIndex(1)
    first.clean_up.form.field("min_size").setValue(5)
    assert deep.rule(2).min_size == 0  # the class on top is picked
    assert deep.rule(1).min_size == pytest.approx(20)
    close(viewer, first)
    second = open_dock("Thresholds")
    power = "³" if "z" in deep.image.axes else "²"
    assert second.clean_up.form.field("min_size").text() == f"5.0 µm{power}"


def test_sizes_are_shown_in_the_units_that_the_image_gets(deep, viewer, open_dock):
    dock = open_dock("Thresholds")
    assert dock.clean_up.unit_box.itemText(1).startswith("µm")
    layer = deep.annotated.layer
    layer.units = (layer.units[0], "nm", "nm")
    assert dock.clean_up.unit_box.itemText(1).startswith("nm")
