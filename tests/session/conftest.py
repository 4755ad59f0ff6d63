"""A viewer without a window and an engine without TensorFlow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from napari.components import ViewerModel
from painted_halves import engine, halves, painted
from synchronous_engine import SynchronousEngine

from napari_garage_unet.session import Session, close_session, get_session

__all__ = ["engine", "halves", "painted"]


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


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
