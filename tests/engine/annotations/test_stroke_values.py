"""What cannot be strokes is refused, with the number of ids and the likely cause."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Picture
from scipy import ndimage

from napari_garage_unet.engine.annotations.stroke_values import (
    MAX_CLASSES,
    check_stroke_values,
    doubt_about,
)
from napari_garage_unet.engine.annotations.strokes import collect_strokes
from napari_garage_unet.engine.class_ids import MAX_CLASS_ID
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image

RNG = np.random.default_rng(0)
SIDE = 128


def patches(n_classes, side=SIDE, seed=0, sigma=4):
    """A dense mask of smooth patches, several of each class."""
    noise = np.random.default_rng(seed).standard_normal((n_classes, side, side))
    return np.argmax([ndimage.gaussian_filter(p, sigma) for p in noise], axis=0) + 1


def numbered_discs(n):
    yy, xx = np.ogrid[:SIDE, :SIDE]
    out = np.zeros((SIDE, SIDE), np.uint16)
    for i in range(n):
        y, x = divmod(i, 11)
        out[(yy - 6 - 11 * y) ** 2 + (xx - 6 - 11 * x) ** 2 <= 16] = i + 1
    return out


def strokes():
    out = np.zeros((SIDE, SIDE), np.uint8)
    out[10:13, 5:100] = 1
    out[40:43, 5:100] = 2
    return out


def refusal(values, **options):
    with pytest.raises(InputError) as caught:
        check_stroke_values(values, name="The strokes of a.tif", **options)
    return str(caught.value)


def test_a_picture_is_refused():
    picture = RNG.normal(100, 10, (SIDE, SIDE)).astype(np.uint16)
    words = refusal(picture)
    assert words.startswith(f"The strokes of a.tif hold {np.unique(picture).size} diff")
    assert "looks like a picture" in words


def test_a_picture_of_few_grey_values_is_refused():
    picture = RNG.normal(12, 2, (SIDE, SIDE)).astype(np.uint8)
    assert "looks like a picture" in refusal(picture)


@pytest.mark.parametrize("how", ["BILINEAR", "BICUBIC"])
@pytest.mark.parametrize("ids", [(100, 200), (40, 80)])
def test_a_mask_that_was_resized_with_smoothing_is_refused(how, ids):
    mask = np.array(ids, np.uint8)[patches(2, sigma=10) - 1]
    small = Picture.fromarray(mask).resize((SIDE // 2, SIDE // 2))
    resized = np.asarray(small.resize((SIDE, SIDE), Picture.Resampling[how]))
    words = refusal(resized)
    assert f"{np.unique(resized[resized > 0]).size} different ids" in words
    assert "nearest neighbour" in words


def test_a_mask_that_was_made_smaller_by_averaging_is_refused():
    mask = np.array((0, 100, 200), np.uint8)[patches(3, side=512, sigma=16) - 1]
    small = Picture.fromarray(mask).resize((256, 256), Picture.Resampling.BOX)
    assert "8 different ids" in refusal(np.asarray(small))


@pytest.mark.parametrize("quality", [50, 75, 95])
@pytest.mark.parametrize("ids", [(0, 255), (100, 200), (0, 120, 240)])
def test_a_mask_that_was_a_jpeg_is_refused(ids, quality):
    mask = np.array(ids, np.uint8)[patches(len(ids), side=256, sigma=12) - 1]
    file = BytesIO()
    Picture.fromarray(mask).save(file, "JPEG", quality=quality)
    words = refusal(np.asarray(Picture.open(file)))
    assert "JPEG" in words


@pytest.mark.parametrize("width", [1, 2])
def test_thin_strokes_and_points_of_many_classes_pass(width):
    painted = np.zeros((SIDE, SIDE), np.uint8)
    for i in range(12):
        painted[10 * i + 3 : 10 * i + 3 + width, 5:100] = i + 1
        painted[5:100, 10 * i + 3 : 10 * i + 3 + width] = i + 1
    check_stroke_values(painted, name="Strokes")
    points = np.zeros((SIDE, SIDE), np.uint8)
    points[5::9, 5::9] = RNG.integers(1, 13, points[5::9, 5::9].shape)
    check_stroke_values(points, name="Strokes")


@pytest.mark.parametrize("n", [25, 100])
def test_objects_that_are_numbered_are_refused(n):
    words = refusal(numbered_discs(n))
    assert f"{n} different ids" in words
    assert "numbered one by one" in words


def test_a_few_ids_of_one_patch_each_are_in_doubt():
    assert "12 classes, each in one patch" in doubt_about(numbered_discs(12), name="S")
    assert doubt_about(numbered_discs(7), name="S") == ""
    assert doubt_about(patches(12, side=384), name="S") == ""
    assert doubt_about(strokes(), name="S") == ""


def test_more_classes_than_possible_are_refused():
    words = refusal(patches(MAX_CLASSES + 6, side=512))
    assert f"{MAX_CLASSES + 6} different ids" in words
    assert f"at most {MAX_CLASSES}" in words


def test_swapped_image_and_strokes_are_named():
    picture = RNG.normal(100, 10, (SIDE, SIDE)).astype(np.uint16)
    image = Image(strokes(), "yx", name="strokes.tif")
    words = refusal(picture, image=image)
    assert "probably swapped, since strokes.tif itself has only 2 different" in words
    assert "swapped" not in refusal(picture, image=Image(picture, "yx"))


@pytest.mark.parametrize("n", [2, 7, 12, 30, MAX_CLASSES])
def test_masks_of_real_classes_pass(n):
    check_stroke_values(patches(n, side=384), name="Strokes")
    check_stroke_values(patches(n, side=384).astype(np.uint8), name="Strokes")


def test_one_stroke_of_each_of_twelve_classes_passes():
    painted = np.zeros((SIDE, SIDE), np.uint8)
    for i in range(12):
        painted[8 * i : 8 * i + 4, 5:100] = i + 1
    check_stroke_values(painted, name="Strokes")


@pytest.mark.parametrize("values", [(1, 255), (100, 200), (7, 3000), (1, MAX_CLASS_ID)])
def test_any_two_ids_pass(values):
    check_stroke_values(np.array(values)[patches(2) - 1], name="Strokes")


def test_volumes_and_empty_strokes_pass():
    volume = np.zeros((3, SIDE, SIDE), np.uint8)
    check_stroke_values(volume, name="Strokes")
    volume[1] = patches(12)
    check_stroke_values(volume, name="Strokes")
    check_stroke_values(volume > 0, name="Strokes")


def test_a_picture_in_one_plane_of_a_volume_is_refused():
    volume = np.zeros((3, SIDE, SIDE), np.uint8)
    volume[2] = RNG.normal(100, 10, (SIDE, SIDE))
    assert "looks like a picture" in refusal(volume)


@pytest.mark.parametrize("class_id", [-1, MAX_CLASS_ID + 1])
def test_ids_out_of_the_limits_are_refused_in_one_sentence(class_id):
    painted = strokes().astype(np.int64)
    painted[0, 0] = class_id
    assert refusal(painted) == (
        f"The strokes of a.tif hold the id {class_id}; class ids are whole numbers "
        f"from 1 to {MAX_CLASS_ID}, and 0 means unlabelled."
    )


def test_strokes_are_checked_before_anything_is_found_in_them():
    picture = RNG.integers(0, 60000, (1024, 1024)).astype(np.uint16)
    with pytest.raises(InputError, match="looks like a picture"):
        collect_strokes([Image(picture, "yx", name="a.tif")], [picture])
