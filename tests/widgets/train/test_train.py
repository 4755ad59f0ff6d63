from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_garage_unet.session.training.live_model import Phase


def texts(box):
    """Texts of the entries of a combo box."""
    return [box.itemText(i) for i in range(box.count())]


def test_opening_the_dock_warms_the_engine_up(open_dock, engine, wait):
    dock = open_dock("Train U-Net")
    wait(lambda: engine.starts == 1)
    wait(lambda: "Ready" in dock.status.text())
    assert "CPU, 2 cores" in dock.status.text()
    assert "No GPU." in dock.status.toolTip().splitlines()


def test_the_only_image_is_chosen_and_described(open_dock, viewer, halves):
    viewer.add_image(halves, name="halves")
    dock = open_dock("Train U-Net")
    assert dock.images.image_picker.layer.name == "halves"
    assert dock.images.description.text() == "grey, 40 \u00d7 60 px"
    assert dock.images.new_button.isEnabled()


def test_layers_added_and_renamed_later_are_offered(open_dock, viewer, halves):
    dock = open_dock("Train U-Net")
    assert dock.hint.text.text() == "Open an image to start."
    layer = viewer.add_image(halves, name="first")
    assert dock.images.image_picker.layer == layer
    layer.name = "other"
    assert texts(dock.images.image_picker.native) == ["-----", "other"]
    assert dock.images.image_picker.native.currentText() == "other"


def test_new_makes_a_strokes_layer_with_two_classes(open_dock, viewer, halves):
    viewer.add_image(halves)
    dock = open_dock("Train U-Net")
    dock.images.new_button.click()
    assert dock.images.strokes_picker.layer.name == "strokes"
    assert [row.name for row in dock.classes.rows] == ["background", "class 2"]


def test_clicking_a_class_picks_up_its_brush(open_dock, painted, viewer):
    dock = open_dock("Train U-Net")
    QTest.mouseClick(dock.classes.rows[1], Qt.MouseButton.LeftButton)
    layer = painted.images.current.strokes
    assert viewer.layers.selection.active == layer
    assert (layer.selected_label, layer.mode) == (2, "paint")


def test_painted_pixels_are_counted_in_the_list(open_dock, painted, wait):
    dock = open_dock("Train U-Net")
    row = dock.classes.rows[1]
    assert row.count_text == "60 px"
    painted.images.current.strokes.paint((30, 50), 2)
    wait(lambda: row.count_text != "60 px")


def test_a_class_is_renamed_in_place(open_dock, painted):
    dock = open_dock("Train U-Net")
    row = dock.classes.rows[1]
    row.edit_name()
    QTest.keyClicks(row.name_edit, "wheel")
    QTest.keyClick(row.name_edit, Qt.Key.Key_Return)
    assert painted.classes[2].name == "wheel"
    assert row.name == "wheel"


def test_escape_leaves_the_name_as_it_was(open_dock, painted):
    dock = open_dock("Train U-Net")
    row = dock.classes.rows[1]
    row.edit_name()
    QTest.keyClicks(row.name_edit, "whe")
    QTest.keyClick(row.name_edit, Qt.Key.Key_Escape)
    assert painted.classes[2].name == "class 2"
    assert row.name == "class 2"


def test_plus_class_adds_one_and_picks_it_up(open_dock, painted):
    dock = open_dock("Train U-Net")
    dock.classes.add_button.click()
    assert len(dock.classes.rows) == 3
    assert painted.images.current.strokes.selected_label == 3


def test_the_background_mark_is_moved_by_a_click(open_dock, painted):
    dock = open_dock("Train U-Net")
    dock.classes.rows[1].background_button.click()
    assert painted.classes.background.id == 2


def test_learn_becomes_stop_and_back(open_dock, painted, wait):
    dock = open_dock("Train U-Net")
    assert dock.learn_button.text() == "Learn"
    dock.learn_button.click()
    wait(lambda: painted.live.phase is Phase.LEARNING)
    assert dock.learn_button.text() == "Stop"
    assert dock.hint.text.text() == "Learning: paint where the preview is wrong."
    dock.learn_button.click()
    wait(lambda: not painted.live.is_running)
    assert dock.learn_button.text() == "Learn"


def test_learning_without_strokes_says_what_to_do(open_dock, viewer, halves, session):
    viewer.add_image(halves)
    dock = open_dock("Train U-Net")
    dock.learn_button.click()
    assert dock.hint.text.text().startswith("Nothing is painted yet")
    assert not session.live.is_running


def test_number_keys_pick_classes_only_while_the_dock_is_open(
    open_dock, painted, viewer
):
    layer = painted.images.current.strokes
    viewer.layers.selection.active = viewer.layers[layer.name]
    before = dict(layer.keymap)
    dock = open_dock("Train U-Net")
    key = next(k for k in layer.keymap if str(k) == "2")
    layer.selected_label = 1
    layer.keymap[key](layer)
    assert layer.selected_label == 2
    dock.parent().hide()
    assert dict(layer.keymap) == before
    dock.parent().show()
    assert key in layer.keymap


def test_settings_of_the_form_are_used_for_learning(open_dock, painted, engine, wait):
    from napari_garage_unet.process.protocol.messages import Train

    dock = open_dock("Train U-Net")
    dock.more.training_form.field("seconds").setValue(7)
    dock.more.preprocess_form.field("gamma").setValue(2)
    dock.learn_button.click()
    (train,) = engine.sent(Train)
    assert train.training["seconds"] == 7
    assert train.preprocess["gamma"] == 2
    assert train.network == {}


def test_a_dead_engine_offers_a_restart(open_dock, painted, engine, wait):
    dock = open_dock("Train U-Net")
    wait(lambda: engine.starts == 1)
    engine.die()
    wait(lambda: painted.problem is not None)
    assert dock.hint.restart.isVisible()
    assert dock.hint.restart.width() == dock.hint.restart.sizeHint().width()
    assert "Restart" in dock.hint.text.text()
    dock.hint.restart.click()
    wait(lambda: engine.starts == 2)
    assert not dock.hint.restart.isVisible()


def test_details_of_an_error_are_behind_a_fold(open_dock, session):
    dock = open_dock("Train U-Net")
    session.report(ValueError("Something is wrong."), details="Traceback: line 1")
    assert dock.hint.text.text() == "Something is wrong."
    assert not dock.hint.details.isVisible()
    dock.hint.fold.toggleButton().click()
    assert dock.hint.details.isVisible()
    assert dock.hint.details.toPlainText() == "Traceback: line 1"


def test_other_layers_can_be_ticked_as_channels(open_dock, viewer, session, halves):
    viewer.add_image(halves, name="red")
    dock = open_dock("Train U-Net")
    assert not dock.images.channels.isEnabled()
    viewer.add_image(halves.copy(), name="green")
    viewer.add_image(np.zeros((5, 5)), name="small")
    assert dock.images.channels.isEnabled()
    dock.images.channels.menu().aboutToShow.emit()
    (action,) = dock.images.channels.menu().actions()
    assert action.text() == "green"
    action.trigger()
    assert [layer.name for layer in session.images.current.layers] == ["red", "green"]
    assert dock.images.description.text() == "2 channels, 40 \u00d7 60 px"


def test_everything_has_a_tooltip(open_dock, painted):
    dock = open_dock("Train U-Net")
    for widget in (
        dock.images.image_picker.native,
        dock.images.channels,
        dock.images.strokes_picker.native,
        dock.images.new_button,
        dock.learn_button,
        dock.by_itself,
        dock.curve,
        dock.status,
        dock.classes.add_button,
        *dock.classes.rows,
        dock.more.training_form.field("seconds"),
    ):
        assert widget.toolTip(), widget


def test_one_is_led_on_and_shown_the_uncertainty_once_there_is_a_preview(
    open_dock, painted, viewer, wait
):
    dock = open_dock("Train U-Net")
    assert not dock.guidance.button.isEnabled()
    assert not dock.guidance.box.isEnabled()
    painted.learn()
    wait(lambda: dock.guidance.button.isEnabled())
    dock.guidance.box.click()
    assert "halves (uncertainty)" in viewer.layers
    viewer.layers.remove("halves (uncertainty)")
    assert not dock.guidance.box.isChecked()
    dock.guidance.button.click()
    # What the made-up engine says of two halves leaves no doubt.
    assert "in no doubt" in dock.hint.text.text()


def bound_keys(viewer):
    return {str(key): action for key, action in viewer.keymap.items()}


def test_holding_h_hides_the_preview_while_the_dock_is_open(
    open_dock, painted, viewer, wait
):
    dock = open_dock("Train U-Net")
    painted.learn()
    wait(lambda: painted.preview.shown > 0)
    layer = painted.results.preview_of(painted.images.current).layer
    hold = bound_keys(viewer)["H"](viewer)
    next(hold)
    assert not layer.visible
    next(hold, None)
    assert layer.visible
    dock.hide()
    assert "H" not in bound_keys(viewer)


def axes_menu(dock):
    """The entries of the menu of axes, as it opens."""
    menu = dock.images.axes.menu()
    menu.aboutToShow.emit()
    return menu.actions()


def test_what_the_axes_are_is_said_and_can_be_changed(open_dock, viewer, session):
    viewer.add_image(np.zeros((48, 130, 130), np.uint8))
    dock = open_dock("Train U-Net")
    description = dock.images.description
    assert description.text() == "48 planes z, 130 \u00d7 130 px, a guess"
    assert "guessed from its shape" in description.toolTip()
    actions = axes_menu(dock)
    assert [action.text() for action in actions] == [
        "48 planes z, 130 \u00d7 130   (guessed from its shape)",
        "48 frames t, 130 \u00d7 130",
        "48 channels, 130 \u00d7 130",
    ]
    assert [action.isChecked() for action in actions] == [True, False, False]
    actions[1].trigger()
    assert description.text() == "48 frames t, 130 \u00d7 130 px"
    assert "as you said" in description.toolTip()
    assert session.images.current.image().axes == "tyx"
    assert [action.isChecked() for action in axes_menu(dock)] == [False, True, False]


def test_a_plain_picture_has_no_menu_of_axes(open_dock, viewer, halves):
    viewer.add_image(halves)
    assert not open_dock("Train U-Net").images.axes.isVisible()


def test_axes_that_nobody_can_read_are_a_sentence_in_the_dock(open_dock, viewer):
    viewer.add_image(np.zeros((2, 3, 4, 5, 20, 20), np.uint8), name="many")
    dock = open_dock("Train U-Net")
    assert dock.images.description.text() == "not known what its axes are"
    assert "Split Stack" in dock.images.description.toolTip()
    assert "Split Stack" in dock.hint.text.text()
