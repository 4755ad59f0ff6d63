from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.errors import InputError


def test_a_brush_is_picked_up_on_a_new_layer_or_the_one_there_is(
    viewer, session, halves
):
    viewer.add_image(halves)
    layer = session.paint(2)
    assert (layer.mode, layer.selected_label) == ("paint", 2)
    assert viewer.layers.selection.active is layer
    assert session.paint(1) is layer
    assert layer.selected_label == 1


def test_without_an_image_there_is_nothing_to_paint_on(session):
    assert session.paint(1) is None
    assert session.hint == session.problem.message
    with pytest.raises(InputError):
        session.strokes_layer()


def test_a_color_given_in_the_layer_becomes_that_of_the_class(painted):
    layer = painted.images.current.strokes
    colormap = dict(layer.colormap.color_dict)
    colormap[2] = np.array([0.0, 0.0, 1.0, 1.0])
    layer.colormap = type(layer.colormap)(color_dict=colormap)
    assert painted.classes[2].color.lower() == "#0000ff"


def test_a_class_that_is_renamed_is_renamed_in_every_strokes_layer(
    viewer, painted, halves
):
    first = painted.images.current.strokes
    other = viewer.add_image(halves.copy(), name="other")
    painted.images.choose(other)
    second = painted.strokes_layer()
    painted.rename_class(1, "night")
    for layer in (first, second):
        assert "night" in set(layer.features["class"])


def test_a_layer_does_not_rename_a_class_that_is_painted_elsewhere(
    viewer, painted, halves
):
    painted.rename_class(1, "night")
    other = viewer.add_image(halves.copy(), name="other")
    painted.images.choose(other)
    told = {"index": [1, 3], "class": ["day", "dawn"]}
    brought = viewer.add_labels(np.zeros_like(halves), features=told)
    painted.images.choose_strokes(brought)
    assert (painted.classes[1].name, painted.classes[3].name) == ("night", "dawn")


def test_a_hidden_strokes_layer_is_shown_when_its_brush_is_picked_up(painted):
    layer = painted.images.current.strokes
    layer.visible = False
    painted.paint(2)
    assert layer.visible
    assert layer.mode == "paint"
    layer.visible = False
    painted.erase()
    assert layer.visible
    assert layer.mode == "erase"
