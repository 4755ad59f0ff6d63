from __future__ import annotations

from napari_garage_unet.session.preview.coverage import (
    CELL_SIDE_PIXELS,
    MAX_PART_SIDE_VALUES,
    STROKE_MARGIN_PIXELS,
    Coverage,
)


def area(box):
    return (box[1] - box[0]) * (box[3] - box[2])


def test_parts_cover_a_region_once_and_stay_in_the_plane():
    covered = Coverage((1000, 1500))
    parts = list(covered.parts((100, 1000, 30, 1400), step=1))
    assert sum(map(area, parts)) == (1000 - 64) * (1408 - 0)
    assert min(part[0] for part in parts) == 64
    assert max(part[1] for part in parts) == 1000
    assert max(part[1] - part[0] for part in parts) < 1.5 * MAX_PART_SIDE_VALUES


def test_a_part_is_due_until_the_state_and_the_pixels_are_fine_enough():
    covered = Coverage((300, 300))
    box = (0, 128, 0, 128)
    assert covered.is_due(box, (1, 5), step=1)
    covered.mark(box, (1, 5), step=4)
    assert covered.is_due(box, (1, 5), step=1)
    assert not covered.is_due(box, (1, 5), step=4)
    assert covered.is_due(box, (1, 6), step=4)
    assert covered.is_due(box, (2, 0), step=4)
    assert covered.is_due((0, 192, 0, 128), (1, 5), step=4)


def test_the_part_with_the_oldest_pixels_comes_first_and_then_none():
    covered = Coverage((2 * MAX_PART_SIDE_VALUES, 2 * MAX_PART_SIDE_VALUES))
    seen = []
    for step in range(4):
        part = covered.next_part(covered.whole, (1, 10), step=1)
        seen.append(part)
        covered.mark(part, (1, 10 + step), step=1)
    assert len(set(seen)) == 4
    assert covered.next_part(covered.whole, (1, 10), step=1) is None
    assert covered.next_part(covered.whole, (1, 99), step=1) == seen[0]


def test_a_coarser_look_takes_larger_parts():
    covered = Coverage((2048, 2048))
    assert len(list(covered.parts(covered.whole, step=1))) == 16
    assert len(list(covered.parts(covered.whole, step=4))) == 4


def test_the_surroundings_of_a_stroke_come_first_where_they_are_less_than_the_view():
    covered = Coverage((2048, 2048))
    stroke = (1000, 1010, 1000, 1040)
    near = covered.near(stroke, covered.whole)
    assert near[0] <= 1000 - STROKE_MARGIN_PIXELS
    assert near[1] >= 1010 + STROKE_MARGIN_PIXELS
    assert all(side % CELL_SIDE_PIXELS == 0 for side in near)
    assert area(near) < 400**2
    assert covered.near(stroke, (0, 500, 0, 500)) is None
    assert covered.near(stroke, (990, 1030, 990, 1050)) is None
