"""Notices what is painted, without ever holding up the window."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

from psygnal import Signal

from napari_garage_unet.engine.errors import GarageError

from .annotated_image import AnnotatedImage
from .image_list import ImageList

LOOK_SECONDS = 0.2
"""How long after a hint the strokes are looked at when it is not known that a stroke
is complete; half a second is promised."""

SCAN_SECONDS = 0.004
"""How long looking at planes that are not on view may take between two frames."""


class StrokePolling:
    """Looks at strokes soon after something hinted that they changed.

    The plane on view comes first and at once, the others follow a little at a time.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    images
        The images whose strokes are followed.

    Attributes
    ----------
    changed
        Strokes are different from what was last seen.
    failed
        Strokes were replaced by some that do not fit; emitted with the error.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, viewer: Any, images: ImageList) -> None:
        self._viewer = viewer
        self._images = images
        self._due: float | None = None
        self._others: Iterator[bool] | None = None

    def touch(self) -> None:
        """Take a hint that strokes may have changed."""
        if self._due is None:
            self._due = time.monotonic() + LOOK_SECONDS

    def hurry(self) -> None:
        """Take word that a stroke is complete; it is looked at with the next poll."""
        self._due = time.monotonic()

    def poll(self) -> None:
        """Look where it is due."""
        if self._due is not None and time.monotonic() >= self._due:
            self._due = None
            # First all, then any: every image is looked at.
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
            self._images.changed.emit()
            self.failed.emit(error)
            return False

    def _look_at_others(self) -> bool:
        if self._others is None:
            return False
        end = time.monotonic() + SCAN_SECONDS
        different = False
        for is_different in self._others:
            different = different or is_different
            if time.monotonic() > end:
                return different
        self._others = None
        return different
