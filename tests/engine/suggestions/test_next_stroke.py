"""Uncertainty of pixels, and the place of the next stroke."""

from __future__ import annotations

import numpy as np

from napari_garage_unet.engine.suggestions.next_stroke import next_place, uncertainty


def levels_of(shape, *, uncertain=()):
    """Two classes, certain everywhere but in some boxes."""
    first = np.full(shape, 255, np.uint8)
    for box in uncertain:
        first[box] = 128
    return np.stack([first, 255 - first])


def test_uncertainty_is_one_minus_the_margin_of_the_two_best_classes():
    levels = np.array([[255, 128, 100, 0], [0, 127, 55, 0], [0, 0, 100, 0]], np.uint8)
    assert uncertainty(levels[:, np.newaxis]).tolist() == [[0, 254, 255, 0]]


def test_the_next_place_is_where_the_model_is_uncertain():
    box = np.s_[200:260, 300:360]
    y, x = next_place(levels_of((400, 500), uncertain=[box]), np.zeros((400, 500), int))
    assert 200 <= y < 260
    assert 300 <= x < 360


def test_of_two_uncertain_places_the_one_without_strokes_is_chosen():
    boxes = [np.s_[40:100, 40:100], np.s_[300:360, 400:460]]
    levels = levels_of((400, 500), uncertain=boxes)
    strokes = np.zeros((400, 500), np.uint8)
    strokes[70, 60:80] = 1
    y, x = next_place(levels, strokes)
    assert (y > 250, x > 350) == (True, True)
    strokes[330, 420:440] = 2
    strokes[70] = 0
    y, x = next_place(levels, strokes)
    assert (y < 150, x < 150) == (True, True)


def test_visited_places_are_not_chosen_again():
    levels = levels_of((400, 500), uncertain=[np.s_[:, :]])
    strokes = np.zeros((400, 500), np.uint8)
    strokes[200, 250] = 1
    visited = []
    for _ in range(4):
        visited.append(next_place(levels, strokes, visited=visited))
    distances = [
        np.hypot(a[0] - b[0], a[1] - b[1])
        for i, a in enumerate(visited)
        for b in visited[:i]
    ]
    assert min(distances) > 100


def test_a_certain_model_has_no_next_place():
    strokes = np.zeros((64, 64), np.uint8)
    assert next_place(levels_of((64, 64)), strokes) is None
    assert next_place(np.zeros((3, 64, 64), np.uint8), strokes) is None
