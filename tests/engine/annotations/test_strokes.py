"""Strokes, and which of them are held out."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from napari_garage_unet.engine.annotations.strokes import (
    collect_strokes,
    count_strokes,
    find_strokes,
    painted_ids,
    strokes_of_classes,
)
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image


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


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.int64])
def test_painted_pixels_are_counted_by_class(dtype):
    assert count_strokes(paint().astype(dtype)) == {1: 600, 3: 600}
    assert count_strokes(np.zeros((4, 4), dtype)) == {}


def test_only_planes_with_strokes_are_collected():
    strokes = np.zeros((5, 40, 40), np.uint8)
    strokes[1, 3, :9] = 1
    strokes[4, 30, :9] = 7
    planes = collect_strokes([Image(np.zeros((5, 40, 40)), "zyx")], [strokes])
    assert [plane.index for plane in planes] == [(1,), (4,)]
    assert painted_ids(planes) == [1, 7]
    assert count_strokes(planes[1].strokes) == {7: 9}


def test_strokes_are_connected_patches_of_one_class():
    found = list(find_strokes(paint(n=4).astype(np.int32)))
    assert [class_id for class_id, _, _ in found] == [1] * 4 + [3] * 4
    assert all(mask.sum() == 60 for _, _, mask in found)


def test_large_patches_are_cut_into_blocks_that_cover_them():
    plane = np.ones((300, 140), np.int32)
    covered = np.zeros(plane.shape, int)
    for _, box, mask in find_strokes(plane):
        assert max(mask.shape) <= 128
        covered[box] += mask
    assert (covered == 1).all()


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
    for class_id, (y, x), mask in find_strokes(plane.strokes):
        held = plane.held_out[y, x][mask]
        # Never on both sides.
        assert held.all() or not held.any()
        found[class_id, y.start, x.start] = bool(held[0])
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


def test_strokes_are_counted_in_all_planes():
    first, second = np.zeros((2, 40, 40), np.int32)
    first[5, 5:20] = first[9, 5:20] = 1
    first[20, 5:20] = 3
    second[5:20, 5] = 3
    found = strokes_of_classes([first, second], 4)
    assert found.tolist() == [2, 0, 2, 0]
    assert strokes_of_classes([np.zeros((9, 9), np.int32)], 2).tolist() == [0, 0]


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
        (-paint(), "negative"),
    ],
)
def test_strokes_that_cannot_be_learnt_from_are_refused(strokes, sentence):
    with pytest.raises(InputError, match=sentence):
        collect_strokes([Image(np.zeros((200, 200)), "yx", name="photo")], [strokes])


def test_each_image_needs_its_own_strokes():
    with pytest.raises(InputError, match="1 images but 2 strokes"):
        collect_strokes([Image(np.zeros((9, 9)), "yx")], [np.zeros((9, 9), int)] * 2)
