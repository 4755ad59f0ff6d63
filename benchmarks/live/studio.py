"""A window of napari with the Train dock, and a simulated person who uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import napari
import numpy as np
from numpy.typing import NDArray

from benchmarks.live.person import Person, lines_in
from napari_garage_unet.layers.view import region_on_view
from napari_garage_unet.session import Session, get_session
from napari_garage_unet.session.connection.state import Engine

PLUGIN = "napari-garage-unet"

PATIENCE_SECONDS = 120.0
"""Time for what takes a few seconds on an idle machine."""


class Studio:
    """A window and a person who paints in it.

    Attributes
    ----------
    viewer
        The napari viewer.
    person
        Paints in its canvas.
    rng
        Random generator of what is painted.
    """

    def __init__(self) -> None:
        self.viewer = napari.Viewer()
        self.viewer.window.resize(1280, 800)
        self.person = Person(self.viewer)
        self.rng = np.random.default_rng(0)

    @property
    def session(self) -> Session:
        """The session of the viewer, made at the first use."""
        return get_session(self.viewer)

    def open_dock(self) -> None:
        """Open the Train dock and wait until the engine is warm."""
        self.viewer.window.add_plugin_dock_widget(PLUGIN, "Train U-Net")
        session = self.session
        self.wait(lambda: session.link.state is Engine.READY)
        self.person.live(1.0)

    def wait(
        self, is_so: Callable[[], bool], *, patience: float = PATIENCE_SECONDS
    ) -> None:
        """Process events until something is so.

        Raises
        ------
        RuntimeError
            If it is not so within `patience` seconds.
        """
        if not self.person.live(patience, until=is_so):
            raise RuntimeError(f"It did not come to be: {self.session.hint}")

    def paint(
        self, class_id: int, where: NDArray[np.bool_], *, length: int = 40
    ) -> Any:
        """Paint a line of a class in a mask; return its points and its end's time."""
        annotated = self.session.images.current
        assert annotated is not None
        y0, y1, x0, x1 = region_on_view(annotated.layer)
        seen = np.zeros_like(where)
        # Not at the border, where the frame of the canvas takes the mouse.
        seen[y0 + 8 : y1 - 8, x0 + 8 : x1 - 8] = True
        mask = seen & where if (seen & where).any() else seen
        self.session.paint(class_id)
        points = next(lines_in(mask, self.rng, length=length))
        return points, self.person.draw(points)

    def close(self) -> None:
        """Close the window, and with it the engine process."""
        self.viewer.close()
        self.person.live(0.5)
