"""Docks in a real window, with an engine that needs no TensorFlow."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication
from synchronous_engine import SynchronousEngine

from napari_garage_unet.session import Session, get_session

PLUGIN = "napari-garage-unet"


@pytest.fixture
def engine() -> SynchronousEngine:
    return SynchronousEngine()


@pytest.fixture
def viewer(make_napari_viewer_proxy: Any) -> Any:
    return make_napari_viewer_proxy(show=True)


@pytest.fixture
def session(viewer: Any, engine: SynchronousEngine) -> Session:
    return get_session(viewer, make_client=lambda: engine)


@pytest.fixture
def open_dock(viewer: Any, session: Session) -> Callable[[str], Any]:
    """Open a dock as the Plugins menu does, and return its widget."""

    def open_named(name: str) -> Any:
        dock, widget = viewer.window.add_plugin_dock_widget(PLUGIN, name)
        dock.show()
        return getattr(widget, "__wrapped__", widget)

    return open_named


@pytest.fixture
def wait() -> Callable[..., None]:
    """Let the window live until something is so."""

    def wait_until(is_so: Callable[[], bool], *, seconds: float = 10.0) -> None:
        end = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < end, "it did not come to be"
            QApplication.processEvents()
            time.sleep(0.005)

    return wait_until


@pytest.fixture
def settle() -> Callable[..., None]:
    """Let the window live for a moment."""

    def live(seconds: float = 0.2) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.005)

    return live


@pytest.fixture
def halves() -> np.ndarray[Any, Any]:
    """A dark left and a bright right half, ``(40, 60)`` uint8."""
    image = np.full((40, 60), 20, np.uint8)
    image[:, 30:] = 220
    return image


@pytest.fixture
def painted(viewer: Any, session: Session, halves: Any) -> Session:
    """A session with an image and a stroke in each half."""
    viewer.add_image(halves, name="halves")
    layer = session.strokes_layer()
    layer.data[5:8, 5:25] = 1
    layer.data[5:8, 35:55] = 2
    layer.refresh()
    current = session.images.current
    assert current is not None
    current.look_at_all()
    session.counted.emit()
    session.changed.emit()
    return session
