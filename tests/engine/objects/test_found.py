"""Objects of an image with the ids they had before."""

from __future__ import annotations

import numpy as np

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.objects.found import find_objects

CLASSES = (
    ClassInfo(1, "ground", background=True),
    ClassInfo(2, "nucleus"),
    ClassInfo(4, "debris"),
)
LABELS = np.array(
    [
        [2, 2, 1, 4],
        [1, 1, 1, 1],
        [4, 1, 2, 2],
    ],
    np.uint8,
)
IMAGE = Image(LABELS, "yx")


def test_each_object_has_an_id_of_its_own_across_the_classes():
    found = find_objects(LABELS, CLASSES, IMAGE)
    assert found.ids.tolist() == [[1, 1, 0, 3], [0, 0, 0, 0], [4, 0, 2, 2]]
    assert found.counts == {2: 2, 4: 2}
    assert found.table["label"].tolist() == [1, 2, 3, 4]
    assert found.table["class"].tolist() == ["nucleus", "nucleus", "debris", "debris"]
    assert found.totals["class"].tolist() == [1, 2, 4]
    assert found.totals["area"].tolist() == [6, 4, 2]


def test_objects_that_are_still_there_keep_their_ids():
    before = find_objects(LABELS, CLASSES, IMAGE)
    labels = LABELS.copy()
    labels[0, :2] = 1  # the first one is gone, which would move all ids down
    found = find_objects(labels, CLASSES, IMAGE).renumbered_like(before.ids)
    assert found.ids.tolist() == [[0, 0, 0, 3], [0, 0, 0, 0], [4, 0, 2, 2]]
    assert found.table["label"].tolist() == [2, 3, 4]


def test_an_image_of_background_alone_has_no_objects():
    found = find_objects(np.ones((3, 4), np.uint8), CLASSES[:1], IMAGE)
    assert not found.ids.any()
    assert found.counts == {}
    assert found.table == {}
