"""Segmentations of several planes in napari's activity dock."""

from __future__ import annotations

from typing import Any

from napari.utils import progress

from napari_garage_unet.session import Session


class Activity:
    """A progress bar while a session segments more than one plane.

    Parameters
    ----------
    session
        Session whose segmentations are shown.
    """

    def __init__(self, session: Session) -> None:
        self._segmentation = session.segmentation
        self._bar: Any = None
        self._segmentation.changed.connect(self._on_changed)

    def _on_changed(self) -> None:
        job = self._segmentation
        if job.is_running and job.total > 1:
            if self._bar is None:
                self._bar = progress(total=job.total, desc="segmenting")
            self._bar.update(job.done - self._bar.n)
        elif self._bar is not None:
            self._bar.close()
            self._bar = None
