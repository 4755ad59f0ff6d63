"""Docks in a real window, with an engine that needs no TensorFlow."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from painted_halves import engine, halves, painted
from qtpy.QtWidgets import QApplication
from synchronous_engine import SynchronousEngine

from napari_garage_unet.session import Session, get_session

__all__ = ["engine", "halves", "painted"]

PLUGIN = "napari-garage-unet"


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
    """Process Qt's events until something is so."""

    def wait_until(is_so: Callable[[], bool], *, seconds: float = 10.0) -> None:
        end = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < end, f"not so within {seconds} s"
            QApplication.processEvents()
            time.sleep(0.005)

    return wait_until


@pytest.fixture
def settle() -> Callable[..., None]:
    """Process Qt's events for some seconds."""

    def live(seconds: float = 0.2) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.005)

    return live


@pytest.fixture
def needed_width() -> Callable[[Any], int]:
    """Width in pixels that the contents of a dock need at least."""
    return lambda dock: dock.column.parentWidget().minimumSizeHint().width()
