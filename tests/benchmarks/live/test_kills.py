"""Killing the engine and napari costs next to nothing."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest
from benchmarks.live.kills import BEHIND, Dab, kill_engine, kill_napari, seconds_missing

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")


def painted(dabs, size=60):
    """What napari paints for dabs in a row of one stroke after the other."""
    y, x = np.mgrid[:size, :size]
    strokes = np.zeros((size, size), np.uint8)
    for dab in dabs:
        strokes[np.hypot(y - dab.y, x - dab.x) <= dab.size / 2] = dab.class_id
    return strokes


DABS = [
    Dab(10.0, 20.0, 20.0, 1, 10.0, 0),
    Dab(11.0, 20.0, 23.0, 1, 10.0, 0),
    Dab(12.0, 40.0, 40.0, 2, 10.0, 1),
    Dab(13.0, 46.0, 46.0, 3, 10.0, 2),
]


@pytest.mark.parametrize(
    ("there", "missing"), [(4, 0.0), (3, 1.0), (2, 2.0), (1, 3.0), (0, 4.0)]
)
def test_what_is_missing_is_as_old_as_the_oldest_paint_of_it(there, missing):
    assert seconds_missing(DABS, painted(DABS[:there]), 14.0) == missing


def test_without_anything_restored_all_is_missing():
    assert seconds_missing(DABS, None, 14.5) == 4.5
    assert seconds_missing([], None, 14.5) == 0.0


@pytest.mark.slow
@posix
def test_an_engine_killed_at_random_moments_costs_neither_strokes_nor_versions():
    figures, marks = kill_engine(kills=3, seed=1)
    assert [mark for mark in marks if not mark.met] == []
    assert len(figures["rounds"]) == 3


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a display")
def test_napari_killed_while_a_person_paints_costs_two_seconds_at_most():
    figures, marks = kill_napari(kills=2, seed=1)
    assert [mark for mark in marks if not mark.met] == []
    assert all(each["dabs"] > 2 for each in figures["rounds"])
    assert figures["worst_seconds_missing"] <= BEHIND
