"""How much of what was painted is missing in what was restored."""

from __future__ import annotations

import json

import numpy as np
import pytest
from benchmarks.live.brush_log import Dab, read_dabs, seconds_missing


def painted(dabs, size=60):
    """Class ids that napari paints for dabs, one disk after the other."""
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


def test_a_log_is_read_up_to_a_line_that_was_cut_off(tmp_path):
    log = tmp_path / "log"
    lines = [json.dumps([d.time, d.y, d.x, d.class_id, d.size, d.stroke]) for d in DABS]
    log.write_text("\n".join([json.dumps({"pid": 1}), *lines])[:-5])
    assert read_dabs(log) == DABS[:-1]
