from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels

from napari_garage_unet.layers.writing import (
    free_name,
    insert_quietly,
    labels_dtype,
    pick_up_brush,
    write_plane,
)


@pytest.fixture
def viewer():
    return ViewerModel()


def test_writing_changes_the_array_in_place_and_draws_once(viewer):
    layer = viewer.add_labels(np.zeros((3, 8, 8), np.uint8))
    layer.editable = False
    drawn, assigned = [], []
    layer.events.set_data.connect(lambda: drawn.append(1))
    layer.events.data.connect(lambda: assigned.append(1))
    data = layer.data
    assert write_plane(layer, (1,), np.full((8, 8), 2, np.uint8))
    assert layer.data is data
    assert np.all(data[1] == 2)
    assert not data[0].any()
    assert len(drawn) == 1
    assert not assigned
    assert not layer.editable


def test_the_same_plane_again_is_not_drawn(viewer):
    layer = viewer.add_labels(np.ones((8, 8), np.uint8))
    drawn = []
    layer.events.set_data.connect(lambda: drawn.append(1))
    assert not write_plane(layer, (), np.ones((8, 8), np.uint8))
    assert not drawn


def test_a_new_layer_is_not_selected_and_lies_below(viewer):
    image, strokes = (
        viewer.add_image(np.zeros((8, 8))),
        viewer.add_labels(np.zeros((8, 8), np.uint8)),
    )
    strokes.mode = "paint"
    viewer.layers.selection.active = strokes
    layer = Labels(np.zeros((8, 8), np.uint8), name="result")
    insert_quietly(viewer, layer, below=strokes)
    assert list(viewer.layers) == [image, layer, strokes]
    assert viewer.layers.selection.active is strokes
    assert set(viewer.layers.selection) == {strokes}
    assert strokes.mode == "paint"


def test_a_selection_of_several_layers_is_kept(viewer):
    layers = [viewer.add_image(np.zeros((8, 8))) for _ in range(3)]
    viewer.layers.selection.clear()
    viewer.layers.selection.update(layers[:2])
    insert_quietly(viewer, Labels(np.zeros((8, 8), np.uint8)))
    assert set(viewer.layers.selection) == set(layers[:2])


def test_names_get_a_number_when_taken(viewer):
    assert free_name(viewer, "result") == "result"
    viewer.add_image(np.zeros((4, 4)), name="result")
    assert free_name(viewer, "result") == "result 2"


def test_the_smallest_dtype_that_holds_the_ids_is_taken():
    assert labels_dtype([1, 255]) is np.uint8
    assert labels_dtype([1, 256]) is np.uint16


def test_the_brush_is_picked_up(viewer):
    layer = viewer.add_labels(np.zeros((8, 8), np.uint8))
    viewer.add_image(np.zeros((8, 8)))
    pick_up_brush(viewer, layer, 3)
    assert viewer.layers.selection.active is layer
    assert layer.selected_label == 3
    assert layer.mode == "paint"
