"""The image that is painted on where processes are killed, and sessions for it."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.project.folders import PROJECTS_VARIABLE
from napari_garage_unet.session import Session

DEFAULT_KILLS = 20

PATIENCE_SECONDS = 180.0
"""Time after which an event that was waited for counts as not happening."""

SIDE_PIXELS = 512
"""Rows and columns of the image."""

IMAGE_NAME = "cells"


def picture() -> NDArray[np.uint8]:
    """Return bright spots on a dark background, ``(512, 512, 3)``, always the same."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:SIDE_PIXELS, :SIDE_PIXELS]
    image = rng.normal(70, 12, (SIDE_PIXELS, SIDE_PIXELS, 3))
    for row, column in itertools.product(range(64, SIDE_PIXELS, 128), repeat=2):
        spot = (y - row) ** 2 + (x - column) ** 2 < 30**2
        image[spot] += (90, 60, 20)
    return np.clip(image, 0, 255).astype(np.uint8)


@contextmanager
def saving_into(folder: str) -> Iterator[None]:
    """Let sessions save their projects into a folder."""
    before = os.environ.get(PROJECTS_VARIABLE)
    os.environ[PROJECTS_VARIABLE] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ[PROJECTS_VARIABLE]
        else:
            os.environ[PROJECTS_VARIABLE] = before


def wait(session: Session, is_so: Callable[[], bool], seconds: float) -> bool:
    """Poll a session until something is so; return whether it was so in time."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        session.poll()
        time.sleep(0.01)
    return True
