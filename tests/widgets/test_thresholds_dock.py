"""The Thresholds dock in a real window: what it shows and when."""

from __future__ import annotations

import numpy as np
import pytest
from made_results import balls, levels_of, make_result
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDockWidget

from napari_garage_unet.engine.rules import ClassRule


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
    result = make()
    dock = open_dock("Thresholds")
    split(dock)
    wait(lambda: session.seeds.layer is not None)
    slider = dock.clean_up.slider
    steps = session.tuner._histories[result.model]
    before = steps.can_redo, len(steps._states)
    slider.setSliderDown(True)
    for value in (20, 60, 120):
        slider.setValue(value)
    wait(lambda: session.seeds.is_up_to_date)
    assert result.rule(2).split_distance == 60
    assert len(steps._states) == before[1]
    slider.setSliderDown(False)
    assert len(steps._states) == before[1] + 1
    dock.history.undo_button.click()
    assert result.rule(2).split_distance is None
    assert slider.value() == 0


def test_seeds_go_when_another_dock_is_in_front_and_when_the_dock_is_closed(
    make, viewer, session, open_dock, wait, settle
):
    make()
    dock = open_dock("Thresholds")
    split(dock)
    wait(lambda: session.seeds.layer is not None)
    dock.objects_button.click()
    wait(lambda: session.objects.newest is not None)
    dock.table_button.click()
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
