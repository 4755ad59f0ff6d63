"""Saved projects of images that are open."""

from __future__ import annotations

import time

from napari_garage_unet.session.persistence.recoverable import moment


def test_times_are_said_as_people_say_them():
    now = time.mktime((2026, 11, 23, 18, 0, 0, 0, 0, -1))
    today = time.mktime((2026, 11, 23, 14, 32, 0, 0, 0, -1))
    assert moment(today, now=now) == "at 14:32"
    before = time.mktime((2026, 11, 3, 9, 5, 0, 0, 0, -1))
    assert moment(before, now=now) == "on 3 Nov at 09:05"
    long_ago = time.mktime((2024, 2, 29, 9, 5, 0, 0, 0, -1))
    assert moment(long_ago, now=now) == "on 29 Feb 2024 at 09:05"
