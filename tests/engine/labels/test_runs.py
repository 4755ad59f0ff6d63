"""Contacts of runs that can be counted by hand."""

from __future__ import annotations

import numpy as np

from napari_garage_unet.engine.labels.runs import contacts_of_runs


def contacts(lines):
    """Faces of each pair of runs, with each run a letter in one of the lines."""
    letters, numbers, starts = [], [], []
    for number, line in enumerate(lines):
        for at, letter in enumerate(line):
            if not at or letter != line[at - 1]:
                letters.append(letter)
                numbers.append(number)
                starts.append(at)
    found = {}
    for first, second, faces in contacts_of_runs(
        (len(lines), len(lines[0])), np.array(numbers), np.array(starts)
    ):
        counts = np.zeros(first.size, int) if faces is None else faces
        for one, other, count in zip(first, second, counts, strict=True):
            pair = "".join(sorted(letters[one] + letters[other]))
            found[pair] = found.get(pair, 0) + int(count)
    return found


def test_runs_of_neighbouring_lines_share_faces():
    assert contacts(["aabbb", "ccccd"]) == {"ac": 2, "bc": 2, "bd": 1}


def test_runs_that_meet_at_a_corner_share_no_face():
    assert contacts(["aabb", "ccdd"]) == {"ac": 2, "bd": 2, "ad": 0, "bc": 0}


def test_lines_that_are_not_neighbours_do_not_touch():
    assert contacts(["aa", "bb", "cc"]) == {"ab": 2, "bc": 2}
