"""Objects of all classes, and one table of them."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.draw import disk

from napari_garage_unet.engine.config import ClassInfo
from napari_garage_unet.engine.image import Image
from napari_garage_unet.engine.instances import class_objects, objects_table
from napari_garage_unet.engine.rules import ClassRule

CLASSES = (ClassInfo(1, "ground", background=True), ClassInfo(3, "cell"), ClassInfo(4))


@pytest.fixture
def labels():
    """Two touching discs of class 3 and one square of class 4 on the ground."""
    labels = np.ones((60, 80), np.uint8)
    for centre in ((20, 20), (20, 34)):
        labels[disk(centre, 9)] = 3
    labels[45:50, 60:70] = 4
    return labels


def make_image(shape, axes="yx", **kwargs):
    return Image(np.arange(np.prod(shape)).reshape(shape), axes, **kwargs)


def test_background_has_no_objects_and_ids_go_on(labels):
    found = class_objects(labels, CLASSES, make_image(labels.shape))
    assert list(found) == [3, 4]
    assert set(np.unique(found[3])) == {0, 1}
    assert set(np.unique(found[4])) == {0, 2}
    np.testing.assert_array_equal(found[4] == 2, labels == 4)


@pytest.mark.parametrize("how", ["everywhere", "by rule"])
def test_touching_objects_are_split_when_asked_for(labels, how):
    found = class_objects(
        labels,
        CLASSES,
        make_image(labels.shape),
        split=how == "everywhere",
        rules={3: ClassRule(split=True)} if how == "by rule" else None,
    )
    left, right = found[3][20, 20], found[3][20, 34]
    assert {left, right} == {1, 2}


def test_time_points_are_apart_but_depth_connects(labels):
    stack = np.stack([labels, labels])
    over_time = class_objects(stack, CLASSES, make_image(stack.shape, "tyx"))
    in_depth = class_objects(stack, CLASSES, make_image(stack.shape, "zyx"))
    assert over_time[3].max() == 2
    assert in_depth[3].max() == 1


def test_the_table_names_classes_and_measures_in_world_units(labels):
    image = make_image((2, *labels.shape), "cyx", spacing=(0.5, 0.5), units="µm")
    found = class_objects(labels, CLASSES, image, split=True)
    table = objects_table(found, CLASSES, image)
    assert list(table["class"]) == ["cell", "cell", "class 4"]
    assert table["area"][2] == pytest.approx(50 * 0.25)
    assert table["centroid_y"][2] == pytest.approx(47 * 0.5)
    means = [name for name in table if name.startswith("mean_")]
    assert len(means) == 2
    square = labels == 4
    assert table[means[1]][2] == pytest.approx(np.asarray(image.data)[1][square].mean())


def test_a_segmentation_without_objects_has_an_empty_table(labels):
    image = make_image(labels.shape)
    nothing = class_objects(np.ones_like(labels), CLASSES, image)
    table = objects_table(nothing, CLASSES, image)
    assert all(len(column) == 0 for column in table.values())
