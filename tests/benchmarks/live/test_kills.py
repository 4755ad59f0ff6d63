"""Killing the engine and napari costs next to nothing."""

from __future__ import annotations

import os
import sys

import pytest
from benchmarks.live.kill_engine import kill_engine
from benchmarks.live.kill_napari import MAX_MISSING_SECONDS, kill_napari

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")


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
    assert figures["worst_seconds_missing"] <= MAX_MISSING_SECONDS
