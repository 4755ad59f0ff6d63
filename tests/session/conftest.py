"""A viewer without a window and an engine without TensorFlow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from synchronous_engine import SynchronousEngine

from napari_garage_unet.session import Session, close_session, get_session


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


@pytest.fixture
def engine() -> SynchronousEngine:
    return SynchronousEngine()


@pytest.fixture
def session(viewer: ViewerModel, engine: SynchronousEngine) -> Iterator[Session]:
    yield get_session(viewer, make_client=lambda: engine)
    close_session(viewer)


@pytest.fixture
def run(session: Session) -> Callable[..., None]:
    """Poll until something is so, and fail when it does not come to be."""

    def poll_until(
        is_so: Callable[[], bool] = lambda: False, *, polls: int = 0
    ) -> None:
        for _ in range(polls):
            session.poll()
        end = time.monotonic() + 5
        while not polls and not is_so():
            assert time.monotonic() < end, "it did not come to be"
            session.poll()
            time.sleep(0.002)

    return poll_until


@pytest.fixture
def halves() -> np.ndarray[Any, Any]:
    """A dark left and a bright right half, ``(40, 60)`` uint8."""
    image = np.full((40, 60), 20, np.uint8)
    image[:, 30:] = 220
    return image


@pytest.fixture
def painted(viewer: ViewerModel, session: Session, halves: Any) -> Session:
    """A session with an image and a stroke in each half."""
    viewer.add_image(halves, name="halves")
    layer = session.strokes_layer()
    layer.data[5:8, 5:25] = 1
    layer.data[5:8, 35:55] = 2
    layer.refresh()
    session.images.current.look_at_all()
    session.classes.follow(session.counts)
    return session
