"""Strokes, and which of them are held out."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from napari_garage_unet.engine.annotations.patches import find_strokes
from napari_garage_unet.engine.annotations.strokes import (
    StrokedImages,
    StrokeEdit,
    collect_strokes,
    painted_ids,
)
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image

# Class, first row and column, and pixels of each held-out stroke.
GOLDEN = [
    (3, 15, 160, 24),
    (1, 38, 318, 20),
    (2, 40, 128, 512),
    (2, 40, 256, 512),
    (1, 71, 220, 36),
    (2, 110, 326, 54),
    (3, 135, 86, 30),
    (1, 137, 36, 72),
    (3, 153, 306, 108),
    (3, 158, 270, 30),
    (3, 164, 187, 72),
    (3, 167, 310, 36),
    (1, 169, 227, 54),
    (1, 173, 129, 30),
    (2, 198, 144, 78),
    (2, 203, 248, 66),
    (1, 211, 171, 66),
    (2, 215, 324, 30),
    (3, 233, 12, 30),
    (2, 236, 121, 42),
    (1, 248, 245, 18),
    (3, 250, 142, 66),
    (2, 264, 2, 96),
    (3, 274, 250, 108),
]


def paint(shape=(200, 200), n=10, ids=(1, 3)):
    """`n` separate strokes of each id."""
    strokes = np.zeros(shape, np.int64)
    for row, class_id in enumerate(ids):
        for column in range(n):
            y, x = 10 + 40 * row, 5 + 19 * column
            strokes[y : y + 20, x : x + 3] = class_id
    return strokes


def collect(strokes, **kwargs):
    return collect_strokes([Image(np.zeros(strokes.shape), "yx")], [strokes], **kwargs)


def test_only_planes_with_strokes_are_collected():
    strokes = np.zeros((5, 40, 40), np.uint8)
    strokes[1, 3, :9] = 1
    strokes[4, 30, :9] = 7
    planes = collect_strokes([Image(np.zeros((5, 40, 40)), "zyx")], [strokes])
    assert [plane.index for plane in planes] == [(1,), (4,)]
    assert painted_ids(planes) == [1, 7]
    assert [plane.pixel_counts for plane in planes] == [{1: 9}, {7: 9}]


def test_a_share_of_the_strokes_is_held_out_whole():
    strokes = paint(n=10)
    (plane,) = collect(strokes, held_out=0.3)
    for class_id in (1, 3):
        held = plane.held_out & (strokes == class_id)
        assert 60 <= held.sum() <= 300
        assert held.sum() % 60 == 0


def test_held_out_strokes_stay_the_same_when_others_are_painted():
    strokes = paint(n=9)
    (before,) = collect(strokes, held_out=0.2)
    more = strokes.copy()
    more[150:180, 20:23] = 1
    (after,) = collect(more, held_out=0.2)
    np.testing.assert_array_equal(
        after.held_out & (strokes > 0), before.held_out & (strokes > 0)
    )


def sides(strokes, share=0.3):
    """Which strokes are held out, by class and the corner they are known by."""
    (plane,) = collect(strokes, held_out=share)
    found = {}
    for stroke in find_strokes(plane.strokes):
        held = plane.held_out[stroke.box][stroke.mask]
        y, x = stroke.box
        # Never on both sides.
        assert held.all() or not held.any()
        found[stroke.class_id, y.start, x.start] = bool(held[0])
    return found


def test_the_split_is_the_same_in_another_run():
    code = (
        "import numpy as np\n"
        "from napari_garage_unet.engine.images.image import Image\n"
        "from napari_garage_unet.engine.annotations.strokes import collect_strokes\n"
        "strokes = np.zeros((200, 200), int)\n"
        "for i in range(20):\n"
        "    y, x = 10 + 40 * (i // 10), 5 + 19 * (i % 10)\n"
        "    strokes[y:y + 20, x:x + 3] = 1 + 2 * (i // 10)\n"
        "image = Image(np.zeros((200, 200)), 'yx')\n"
        "(plane,) = collect_strokes([image], [strokes], held_out=0.3)\n"
        "print(*np.flatnonzero(plane.held_out))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    (plane,) = collect(paint(), held_out=0.3)
    assert [int(i) for i in run.stdout.split()] == list(np.flatnonzero(plane.held_out))


def test_strokes_painted_elsewhere_change_no_side():
    strokes = paint(n=10)
    before = sides(strokes)
    assert any(before.values())
    rng = np.random.default_rng(0)
    for _ in range(20):
        y, x = rng.integers(100, 180), rng.integers(0, 190)
        strokes[y : y + 6, x : x + 6] = rng.choice([1, 3])
        after = sides(strokes)
        assert {key: after[key] for key in before} == before


def test_most_strokes_that_grow_keep_their_side():
    strokes = paint(n=10)
    before = sides(strokes, share=0.5)
    grown = np.zeros_like(strokes)
    for (class_id, y, x), _ in before.items():
        # Upwards and to the left, which moves the corner.
        grown[y - 5 : y + 20, x - 2 : x + 3] = class_id
    after = sides(grown, share=0.5)
    kept = [after[c, y - 5, x - 2] == side for (c, y, x), side in before.items()]
    assert len(kept) == 20
    assert np.mean(kept) >= 0.75


def test_strokes_that_become_one_are_on_one_side():
    strokes = paint(n=10)
    before = sides(strokes, share=0.5)
    kept = []
    for (class_id, y, x), side in before.items():
        if (class_id, y, x + 19) not in before:
            continue
        merged = strokes.copy()
        merged[y + 9 : y + 11, x : x + 20] = class_id
        now = sides(merged, share=0.5)[class_id, y, x]
        kept.append(now in (side, before[class_id, y, x + 19]))
    assert len(kept) == 18
    assert np.mean(kept) >= 0.75


def test_the_choice_does_not_change_from_version_to_version():
    rng = np.random.default_rng(7)
    strokes = np.zeros((300, 420), np.uint8)
    for _ in range(60):
        y, x = rng.integers(0, 290), rng.integers(0, 400)
        strokes[y : y + 6, x : x + rng.integers(3, 20)] = rng.integers(1, 4)
    strokes[40:44] = 2  # larger than a stroke: cut into blocks
    (plane,) = collect(strokes, held_out=0.3)
    found = [
        (stroke.class_id, stroke.box[0].start, stroke.box[1].start, stroke.mask.sum())
        for stroke in plane.held_out_strokes
    ]
    assert found == GOLDEN


def test_held_out_strokes_are_those_of_the_plane_without_the_others():
    rng = np.random.default_rng(1)
    strokes = np.zeros((400, 500), np.uint8)
    strokes[::50] = 1
    strokes[10:390, 200] = 2
    strokes[rng.random(strokes.shape) < 0.001] = 3
    (plane,) = collect(strokes, held_out=0.4)
    expected = find_strokes(np.where(plane.held_out, plane.strokes, 0))
    assert len(expected) > 20
    assert len(expected) == len(plane.held_out_strokes)
    for one, other in zip(plane.held_out_strokes, expected, strict=True):
        assert (one.class_id, one.box) == (other.class_id, other.box)
        np.testing.assert_array_equal(one.mask, other.mask)


@pytest.mark.parametrize("axes", ["yx", "xy", "zyx", "tzyx", "yxz", "cyx"])
def test_edits_give_what_collecting_everything_gives(axes):
    rng = np.random.default_rng(0)
    sizes = {"y": 90, "x": 150, "z": 3, "t": 2, "c": 3}
    images = [Image(np.zeros([sizes[a] for a in axes]), axes) for _ in range(2)]
    strokes = [np.zeros(image.spatial_shape, np.uint8) for image in images]
    kept = StrokedImages(images)
    for turn in range(12):
        for _ in range(4):
            number = int(rng.integers(2))
            starts = [int(rng.integers(n)) for n in strokes[number].shape]
            box = tuple(slice(s, s + int(rng.integers(1, 40))) for s in starts)
            strokes[number][box] = rng.integers(0, 4)
            values = strokes[number][box]
            ends = [s + n for s, n in zip(starts, values.shape, strict=True)]
            box = tuple(map(slice, starts, ends))
            kept.edit(number, StrokeEdit(box, values.copy()))
        if turn < 3:
            continue
        found = kept.collect(held_out=0.3)
        expected = collect_strokes(images, strokes, held_out=0.3)
        assert [(p.image, p.index) for p in found] == [
            (p.image, p.index) for p in expected
        ]
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one.strokes, other.strokes)
            np.testing.assert_array_equal(one.held_out, other.held_out)
            assert one.pixel_counts == other.pixel_counts
            assert one.stroke_counts == other.stroke_counts


def test_planes_that_were_collected_stay_as_they_were():
    kept = StrokedImages([Image(np.zeros((200, 200)), "yx")])
    kept.replace([paint()])
    (before,) = kept.collect(held_out=0.3)
    former = before.strokes.copy()
    everything = (slice(0, 200), slice(0, 200))
    kept.edit(0, StrokeEdit(everything, np.zeros((200, 200), np.uint8)))
    np.testing.assert_array_equal(before.strokes, former)
    with pytest.raises(InputError, match="Nothing is painted yet"):
        kept.collect()


def test_few_strokes_are_all_learnt_from():
    (plane,) = collect(paint(n=4), held_out=0.3)
    assert not plane.held_out.any()


def test_each_class_keeps_at_least_half_of_its_strokes():
    strokes = paint(n=6)
    (plane,) = collect(strokes, held_out=0.5)
    for class_id in (1, 3):
        assert (plane.held_out & (strokes == class_id)).sum() <= 180


@pytest.mark.parametrize(
    ("strokes", "sentence"),
    [
        (np.zeros((200, 200), np.uint8), "Nothing is painted yet"),
        (paint(ids=(2,)), "All strokes are of class 2"),
        (paint().astype(float), "whole numbers"),
        (paint((200, 210)), r"\(200, 200\).*\(200, 210\)"),
        (-paint(), "the id -3; class ids are whole numbers from 1"),
    ],
)
def test_strokes_that_cannot_be_learnt_from_are_refused(strokes, sentence):
    with pytest.raises(InputError, match=sentence):
        collect_strokes([Image(np.zeros((200, 200)), "yx", name="photo")], [strokes])


def test_each_image_needs_its_own_strokes():
    with pytest.raises(InputError, match="1 images but 2 strokes"):
        collect_strokes([Image(np.zeros((9, 9)), "yx")], [np.zeros((9, 9), int)] * 2)
