from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.layers import Labels

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.annotations.palette import color_for
from napari_garage_unet.layers.colors import (
    layer_class_names,
    layer_color,
    recolor,
    result_colormap,
    strokes_colormap,
)

CLASSES = (
    ClassInfo(1, "background", "#e69f00", background=True),
    ClassInfo(2, "wheel", "#56b4e9"),
)


def labels(**keywords):
    return Labels(np.zeros((4, 4), np.uint8), **keywords)


def test_the_background_is_seen_in_strokes_and_not_in_results():
    strokes = labels(colormap=strokes_colormap(CLASSES))
    result = labels(colormap=result_colormap(CLASSES))
    assert layer_color(strokes, 1) == "#e69f00"
    assert layer_color(result, 1) is None
    assert layer_color(strokes, 2) == layer_color(result, 2) == "#56b4e9"


def test_ids_without_a_class_have_the_colour_of_the_palette_in_strokes():
    strokes = labels(colormap=strokes_colormap(CLASSES))
    assert layer_color(strokes, 77) == color_for(77)


@pytest.mark.parametrize("column", ["class", "name"])
def test_names_are_read_from_the_features_of_a_layer(column):
    features = pd.DataFrame({"index": [0, 1, 2, 3], column: ["none", "a", "b", ""]})
    assert layer_class_names(labels(features=features)) == {1: "a", 2: "b"}


def test_features_without_names_give_none():
    assert layer_class_names(labels()) == {}


def test_a_layer_gets_another_colormap_only_for_other_colours():
    layer = labels(colormap=strokes_colormap(CLASSES))
    before = layer.colormap
    recolor(layer, strokes_colormap(CLASSES))
    assert layer.colormap is before
    other = strokes_colormap((ClassInfo(1, "background", "#009e73"),))
    recolor(layer, other)
    assert layer_color(layer, 1) == "#009e73"
