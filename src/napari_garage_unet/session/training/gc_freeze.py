"""No long pauses for collecting garbage while somebody paints and watches."""

from __future__ import annotations

import gc
from typing import Any

from .training_job import TrainingJob


class GcFreeze:
    """Sets aside what is in memory as long as learning goes on.

    Now and then Python looks through every object for cycles that nobody refers to.
    With napari and Qt that takes 100 to 200 ms, in which no frame is drawn. Objects
    that are set aside are not looked through; those made later still are. A layer that
    is deleted has to go at once, and when learning rests everything is as before.

    Parameters
    ----------
    viewer
        A `ViewerModel`; its deleted layers are freed.
    job
        The training.
    """

    def __init__(self, viewer: Any, job: TrainingJob) -> None:
        self._viewer = viewer
        self._job = job
        job.changed.connect(self._on_job)
        viewer.layers.events.removed.connect(self._take_back)

    def close(self) -> None:
        """Let go of the viewer."""
        self._take_back()
        self._viewer.layers.events.removed.disconnect(self._take_back)

    def _on_job(self) -> None:
        if self._job.is_running:
            # What has been set aside already stays so.
            gc.freeze()
        else:
            self._take_back()

    def _take_back(self) -> None:
        gc.unfreeze()
