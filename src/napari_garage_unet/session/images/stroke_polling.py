"""Detects painted strokes without pausing the window."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

from psygnal import Signal

from napari_garage_unet.engine.errors import GarageError

from .annotated_image import AnnotatedImage
from .image_list import ImageList

LOOK_DELAY_SECONDS = 0.2
"""Delay from a hint to the comparison while it is unknown whether a stroke is complete.
A stroke is to reach the engine within half a second."""

MAX_SCAN_SECONDS = 0.004
"""Time per poll for comparing planes that are not on view."""


class StrokePolling:
    """Compares strokes with what was last seen, soon after a hint of a change.

    The plane on view is compared first and at once, the others over several polls.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    images
        The images whose strokes are followed.

    Attributes
    ----------
    changed
        Signal: strokes differ from what was last seen.
    failed
        Signal: strokes were moved away, or replaced by some that do not fit; emitted
        with the error.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, viewer: Any, images: ImageList) -> None:
        self._viewer = viewer
        self._images = images
        self._due: float | None = None
        self._others: Iterator[bool] | None = None

    def touch(self) -> None:
        """Compare after `LOOK_DELAY_SECONDS`: strokes may have changed."""
        if self._due is None:
            self._due = time.monotonic() + LOOK_DELAY_SECONDS

    def hurry(self) -> None:
        """Compare with the next poll: a stroke is complete."""
        self._due = time.monotonic()

    def poll(self) -> None:
        """Compare what is due."""
        if self._due is not None and time.monotonic() >= self._due:
            self._due = None
            # A list, as `any` would stop at the first image that changed.
            found = [self._look_at(annotated) for annotated in self._images]
            different = any(found)
            self._others = itertools.chain.from_iterable(
                annotated.look_at_each() for annotated in self._images
            )
        else:
            different = self._look_at_others()
        if different:
            self.changed.emit()

    def _look_at(self, annotated: AnnotatedImage) -> bool:
        try:
            return annotated.look(self._viewer)
        except GarageError as error:
            if annotated.refused is not None:
                self._images.strokes_removed.emit(annotated)
            self._images.changed.emit()
            self.failed.emit(error)
            return False

    def _look_at_others(self) -> bool:
        if self._others is None:
            return False
        end = time.monotonic() + MAX_SCAN_SECONDS
        different = False
        for is_different in self._others:
            different = different or is_different
            if time.monotonic() > end:
                return different
        self._others = None
        return different
