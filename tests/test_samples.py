import socket
import subprocess
import sys
import warnings

import numpy as np
import pytest

from napari_garage_unet import samples
from napari_garage_unet.engine.annotations.palette import color_for


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a sample tried to open a network connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def strokes_of(name):
    return getattr(samples, name)().strokes


def test_the_garage_has_two_photographs_with_masks_and_strokes_of_their_shape():
    garage = samples.garage()
    assert garage.left.shape == garage.right.shape == (500, 741, 3)
    assert garage.left.dtype == garage.right.dtype == np.uint8
    assert not np.array_equal(garage.left, garage.right)
    for array in (garage.strokes, garage.mask_left, garage.mask_right):
        assert array.shape == (500, 741)
        assert array.dtype == np.uint8


@pytest.mark.parametrize("name", ["garage", "cells"])
def test_a_hand_paints_two_to_three_per_cent_of_the_pixels(name):
    assert 0.02 < np.mean(strokes_of(name) > 0) <= 0.03


@pytest.mark.parametrize("name", ["garage", "cells"])
def test_every_class_has_strokes_and_every_stroke_a_class(name):
    sample = getattr(samples, name)()
    assert np.unique(sample.strokes).tolist() == [0, *(c.id for c in sample.classes)]


def test_the_masks_know_the_classes_and_most_pixels():
    garage = samples.garage()
    for mask, known in ((garage.mask_left, 0.97), (garage.mask_right, 0.83)):
        assert np.unique(mask).tolist() == list(range(10))
        assert np.mean(mask > 0) == pytest.approx(known, abs=0.01)


def test_every_stroke_of_the_garage_lies_in_its_true_class():
    garage = samples.garage()
    painted = garage.strokes > 0
    np.testing.assert_array_equal(garage.strokes[painted], garage.mask_left[painted])


def test_strokes_are_strokes_and_not_scattered_pixels():
    from scipy import ndimage

    for name in ("garage", "cells"):
        strokes = strokes_of(name)
        for class_id in np.unique(strokes)[1:]:
            painted = strokes == class_id
            _, n = ndimage.label(painted)
            assert 2 <= n <= 9
            # A round brush of five pixels or more fits everywhere.
            y, x = np.mgrid[-2:3, -2:3]
            opened = ndimage.binary_opening(painted, x**2 + y**2 <= 5)
            assert opened.sum() > 0.95 * painted.sum()


def test_each_call_gives_arrays_of_its_own():
    first, second = samples.garage(), samples.garage()
    for field in ("left", "right", "strokes", "mask_left", "mask_right"):
        mine = getattr(first, field)
        mine[:] = 0
        assert getattr(second, field).any(), field
    (_, _, _), (mine, _, _) = samples.load_cells()
    mine[:] = 0
    assert strokes_of("cells").any()


@pytest.mark.parametrize(
    ("load", "classes", "rgb"),
    [
        (samples.load_garage, samples.GARAGE_CLASSES, True),
        (samples.load_cells, samples.CELLS_CLASSES, False),
    ],
)
def test_a_sample_opens_in_a_viewer_with_names_and_colours_that_agree(
    load, classes, rgb
):
    from napari.components import ViewerModel
    from napari.layers import Layer

    viewer = ViewerModel()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for data, keywords, kind in load():
            viewer.add_layer(Layer.create(data, keywords, kind))
    image, strokes = viewer.layers
    assert image.rgb is rgb
    assert strokes.name == "strokes"
    assert strokes.data.dtype == np.uint8
    assert strokes.data.shape == image.data.shape[:2]
    assert strokes.editable

    entries = strokes.metadata["napari-garage-unet"]["classes"]
    assert [e["id"] for e in entries] == [c.id for c in classes]
    assert [e["id"] for e in entries if e["background"]] == [1]
    assert strokes.features["index"].tolist() == [e["id"] for e in entries]
    assert strokes.features["class"].tolist() == [e["name"] for e in entries]
    for entry in entries:
        red, green, blue, alpha = (255 * strokes.get_color(entry["id"])).round()
        shown = f"#{int(red):02x}{int(green):02x}{int(blue):02x}"
        assert shown == entry["color"] == color_for(entry["id"])
        assert alpha == 255
    assert strokes.get_color(0) is None or strokes.get_color(0)[3] == 0
    # A class the person adds is painted in a colour, not in nothing.
    assert strokes.get_color(len(classes) + 1)[3] == 1


def test_strokes_of_a_sample_can_be_painted_on():
    from napari.layers import Layer

    strokes = Layer.create(*samples.load_garage()[1])
    assert strokes.data[250, 420] == 0
    strokes.selected_label = 3
    strokes.brush_size = 5
    strokes.paint((250, 420), 3)
    assert strokes.data[250, 420] == 3


def test_importing_the_samples_imports_neither_napari_nor_qt_nor_the_engine():
    code = (
        "import sys, napari_garage_unet.samples as s; s.garage(); s.cells();"
        "print(sorted({'napari', 'qtpy', 'tensorflow', 'keras'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
