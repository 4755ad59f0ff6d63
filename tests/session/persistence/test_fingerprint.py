"""Fingerprints of images."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_garage_unet.session.persistence.fingerprint import (
    VERSION_PREFIX,
    earlier_fingerprint,
    fingerprint,
)


def test_fingerprints_tell_images_apart_and_know_them_again():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (300, 400, 3)).astype(np.uint8)
    known = fingerprint(image, rgb=True)
    assert fingerprint(image.copy(), rgb=True) == known
    assert fingerprint(np.asfortranarray(image), rgb=True) == known
    others = [image[::-1], image[:, :-1], image.astype(np.uint16)]
    assert known not in [fingerprint(other, rgb=True) for other in others]
    assert fingerprint(image) != known  # the same pixels as a stack
    lazy = da.from_array(image, chunks=(100, 100, 3))
    assert fingerprint(lazy, rgb=True) == fingerprint(
        da.from_array(image, chunks=(50, 400, 3)), rgb=True
    )
    tiny = fingerprint(np.zeros((1, 1)))
    assert len(tiny) == len(VERSION_PREFIX) + 32


@pytest.mark.parametrize("make", [np.asarray, da.from_array])
def test_pictures_of_nothing_but_a_few_spots_are_told_apart(make):
    pictures = np.zeros((8, 2048, 2048), np.uint16)
    for number, picture in enumerate(pictures):
        for place in (400, 1600):
            picture[place + number :, place:][:9, :9] = 500
    assert len({fingerprint(make(picture)) for picture in pictures}) == len(pictures)


def test_stacks_with_an_equal_middle_are_told_apart():
    stacks = np.random.default_rng(0).integers(0, 999, (2, 10, 512, 512), np.uint16)
    stacks[:, :, 200:312, 200:312] = 0
    first, second = (da.from_array(stack, chunks=(1, 512, 512)) for stack in stacks)
    assert fingerprint(first) != fingerprint(second)


def test_of_a_lazy_stack_only_the_middle_plane_is_read():
    read = set()

    def plane(block_info=None):
        read.add(block_info[None]["chunk-location"][0])
        return np.zeros((1, 64, 64), np.uint8)

    stack = da.map_blocks(plane, chunks=((1,) * 50, (64,), (64,)), dtype=np.uint8)
    read.clear()
    fingerprint(stack)
    assert read == {24}  # napari shows it first, so it was made for the view already.


def test_every_row_of_a_large_array_has_a_chance_to_count(monkeypatch):
    monkeypatch.setattr(
        "napari_garage_unet.session.persistence.fingerprint.MAX_HASHED_BYTES", 4096
    )
    stack = np.zeros((16, 64, 64), np.uint8)
    known = fingerprint(stack)
    other = stack.copy()
    other[:, 20] = 1
    assert fingerprint(other) != known


def test_the_hash_of_earlier_projects_is_still_computed():
    image = (np.arange(300 * 400).reshape(300, 400) % 251).astype(np.uint8)
    assert earlier_fingerprint(image) == "3d60ba5d01b4621940ba80c813c4853d"
