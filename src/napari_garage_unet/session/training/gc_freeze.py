"""No long pauses for collecting garbage while a model is trained and painted for."""

from __future__ import annotations

import gc
from typing import Any

from .live_model import LiveModel, LiveModelStore


class GcFreeze:
    """Freezes the garbage collector's objects while training goes on.

    Now and then Python looks through every object for cycles without references. With
    napari and Qt that takes 100 to 200 ms, in which no frame is drawn. Frozen objects
    (`gc.freeze`) are not looked through; those made later still are. A deleted layer
    has to be freed at once, so deleting one unfreezes all objects, and so does the end
    of training.

    Parameters
    ----------
    viewer
        A `ViewerModel`; its deleted layers are freed.
    live
        Holds the live model, which tells whether training goes on.
    """

    def __init__(self, viewer: Any, live: LiveModelStore) -> None:
        self._viewer = viewer
        live.changed.connect(self._on_live)
        viewer.layers.events.removed.connect(self._unfreeze)

    def close(self) -> None:
        """Unfreeze and disconnect from the viewer."""
        self._unfreeze()
        self._viewer.layers.events.removed.disconnect(self._unfreeze)

    def _on_live(self, live: LiveModel) -> None:
        if live.is_running:
            # Objects that are frozen already stay so.
            gc.freeze()
        else:
            self._unfreeze()

    def _unfreeze(self) -> None:
        gc.unfreeze()
