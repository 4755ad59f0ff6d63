"""Regions and their contacts equal those of labelled arrays."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from label_images import label_images
from scipy import ndimage

from napari_garage_unet.engine.labels.regions import find_regions

few = settings(max_examples=60, deadline=None)


@few
@given(label_images(max_axes=4))
def test_regions_are_the_connected_components(labels):
    regions = find_regions(labels)
    for value in np.unique(labels):
        for diagonal in (False, True):
            group, count = regions.join(regions.labels == value, diagonal=diagonal)
            reach = labels.ndim if diagonal else 1
            structure = ndimage.generate_binary_structure(labels.ndim, reach)
            expected, n = ndimage.label(labels == value, structure)
            assert count == n
            drawn = np.full(labels.size, -1)
            ends = np.append(regions.run_starts[1:], labels.size)
            for start, end, region in zip(
                regions.run_starts, ends, regions.run_regions, strict=True
            ):
                drawn[start:end] = group[region]
            np.testing.assert_array_equal(drawn.reshape(labels.shape), expected - 1)
    assert regions.sizes.sum() == labels.size


def drawn(regions, shape):
    """The number of the region at each pixel."""
    numbers = np.empty(int(np.prod(shape)), int)
    ends = np.append(regions.run_starts[1:], numbers.size)
    for start, end, region in zip(
        regions.run_starts, ends, regions.run_regions, strict=True
    ):
        numbers[start:end] = region
    return numbers.reshape(shape)


@few
@given(label_images())
def test_contacts_count_the_faces_between_two_regions(labels):
    regions = find_regions(labels)
    numbers = drawn(regions, labels.shape)
    faces = {}
    for step in itertools.product((-1, 0, 1), repeat=labels.ndim):
        if not any(step):
            continue
        here = tuple(
            slice(max(-s, 0), n - max(s, 0))
            for s, n in zip(step, labels.shape, strict=True)
        )
        there = tuple(
            slice(max(s, 0), n - max(-s, 0))
            for s, n in zip(step, labels.shape, strict=True)
        )
        is_face = sum(map(abs, step)) == 1
        for a, b in zip(numbers[here].flat, numbers[there].flat, strict=True):
            if a < b:
                faces[int(a), int(b)] = faces.get((int(a), int(b)), 0) + is_face
    found = {
        (int(a), int(b)): int(n)
        for (a, b), n in zip(regions.pairs.T, regions.faces, strict=True)
        if a != b
    }
    assert found == faces


def test_contacts_between_unchangeable_regions_are_left_out():
    labels = np.array([[1, 2, 3]])
    regions = find_regions(labels, changeable=lambda labels, sizes: labels == 1)
    assert regions.pairs.T.tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("open_ends", "at_border", "at_open_end"),
    [
        ((False, False), [True, True, True], [False, False, False]),
        ((True, False), [False, True, True], [True, False, False]),
        ((True, True), [False, True, False], [True, False, True]),
    ],
)
def test_an_open_end_is_no_border(open_ends, at_border, at_open_end):
    labels = np.zeros((3, 4, 5), np.uint8)
    labels[0, 1:3, 1:4] = 1  # touches the first plane only
    labels[1] = 2
    labels[2, 1:3, 1:4] = 3
    labels[0, 0] = labels[2, 0] = 4
    regions = find_regions(labels, open_ends=open_ends)
    order = [int(np.flatnonzero(regions.labels == value)[0]) for value in (1, 2, 3)]
    assert regions.at_border[order].tolist() == at_border
    assert regions.at_open_end[order].tolist() == at_open_end


def test_changed_labels_are_painted_and_others_stay():
    labels = np.array([[1, 1, 2], [3, 3, 2]])
    regions = find_regions(labels)
    out = labels.copy()
    out[0, 0] = 9  # a pixel of a region that does not change
    regions.paint(np.where(regions.labels == 2, 7, regions.labels), out)
    assert out.tolist() == [[9, 1, 7], [3, 3, 7]]
