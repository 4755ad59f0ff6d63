"""The number keys pick up brushes, whatever layer is active."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

MODES = {"image": "pan_zoom", "points": "add", "shapes": "add_rectangle"}


@pytest.fixture
def press(viewer):
    """Press a key on the canvas."""
    window = viewer.window

    def press_key(key):
        QTest.keyClick(window._qt_viewer.canvas.native, key)

    return press_key


@pytest.fixture
def model(session):
    """The viewer itself, whose layers can be compared."""
    return session.viewer


@pytest.fixture
def layers(painted, model, open_dock, wait):
    """The dock is open, and there is a layer of each kind."""
    dock = open_dock("Train U-Net")
    painted.learn()
    wait(lambda: painted.preview.shown > 0)
    painted.stop()
    wait(lambda: not painted.live.is_running)
    image = painted.images.current.layer
    return {
        "dock": dock,
        "strokes": painted.images.current.strokes,
        "image": image,
        "preview": painted.results.preview_of(painted.images.current).layer,
        "labels": model.add_labels(np.ones((40, 60), np.uint8), name="cells"),
        "points": model.add_points([[3, 4]]),
        "shapes": model.add_shapes(),
    }


@pytest.mark.parametrize(
    "active", ["strokes", "image", "preview", "labels", "points", "shapes", None]
)
def test_number_keys_pick_up_brushes_whatever_layer_is_active(
    layers, model, press, active
):
    strokes = layers["strokes"]
    others = [layer for layer in model.layers if layer is not strokes]
    for kind, mode in MODES.items():
        layers[kind].mode = mode
    modes = [layer.mode for layer in others]
    pixels = [np.array(layer.data) for layer in (layers["labels"], layers["preview"])]
    strokes.mode, strokes.selected_label = "pan_zoom", 1
    model.layers.selection.active = layers[active] if active else None
    press(Qt.Key.Key_2)
    assert model.layers.selection.active is strokes
    assert strokes.mode == "paint"
    assert strokes.selected_label == 2
    assert [layer.mode for layer in others] == modes
    model.layers.selection.active = layers[active] if active else None
    press(Qt.Key.Key_0)
    assert model.layers.selection.active is strokes
    assert strokes.mode == "erase"
    assert [layer.mode for layer in others] == modes
    press(Qt.Key.Key_1)
    assert strokes.mode == "paint"
    assert strokes.selected_label == 1
    for layer, before in zip(
        (layers["labels"], layers["preview"]), pixels, strict=True
    ):
        assert (np.asarray(layer.data) == before).all()


def test_keys_without_a_class_change_no_layer(layers, model, press):
    model.layers.selection.active = layers["image"]
    press(Qt.Key.Key_7)
    assert model.layers.selection.active is layers["image"]
    assert layers["image"].mode == "pan_zoom"


@pytest.mark.parametrize("active", ["strokes", "image", "labels", "points", "shapes"])
def test_keys_of_napari_are_back_when_the_dock_is_closed(layers, model, press, active):
    layer = layers[active]
    model.layers.selection.active = layer
    press(Qt.Key.Key_1)
    model.layers.selection.active = layer
    layers["dock"].parent().close()
    assert not any(str(key) in "0123456789" for key in layer.keymap)
    assert not any(str(key) in "0123456789" for key in model.keymap)
    press(Qt.Key.Key_2)
    assert model.layers.selection.active is layer
    if active == "labels":
        assert layer.mode == "paint"


def test_digits_go_into_the_name_of_a_class(layers):
    row = layers["dock"].classes.rows[1]
    row.edit_name()
    QTest.keyClicks(row.name_edit, "23 cells 0")
    QTest.keyClick(row.name_edit, Qt.Key.Key_Return)
    assert row.name == "23 cells 0"


def test_zero_makes_no_strokes_layer(open_dock, session, model, halves, press):
    model.add_image(halves)
    open_dock("Train U-Net")
    press(Qt.Key.Key_0)
    assert [layer.name for layer in model.layers] == ["halves"]
    assert session.problem is None
