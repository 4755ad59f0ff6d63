"""An image of two halves and a session with a stroke in each, with and without Qt."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from synchronous_engine import SynchronousEngine

from napari_garage_unet.session import Session


@pytest.fixture
def engine() -> SynchronousEngine:
    return SynchronousEngine()


@pytest.fixture
def halves() -> NDArray[np.uint8]:
    """A dark left and a bright right half, ``(40, 60)`` uint8."""
    image = np.full((40, 60), 20, np.uint8)
    image[:, 30:] = 220
    return image


@pytest.fixture
def painted(viewer: Any, session: Session, halves: NDArray[np.uint8]) -> Session:
    """A session with an image and a stroke in each half."""
    viewer.add_image(halves, name="halves")
    layer = session.strokes_layer()
    layer.data[5:8, 5:25] = 1
    layer.data[5:8, 35:55] = 2
    layer.refresh()
    current = session.images.current
    assert current is not None
    current.look_at_all()
    session.classes.follow(session.counts)
    session.counted.emit()
    session.changed.emit()
    return session
