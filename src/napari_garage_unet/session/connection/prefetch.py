"""Hands the image on view to the engine before training asks for it."""

from __future__ import annotations

import logging

from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.session.images.annotated_image import AnnotatedImage

from .engine_link import EngineLink

logger = logging.getLogger(__name__)


class ImagePrefetch:
    """Opens each image in the engine once, so that features are computed ahead.

    Parameters
    ----------
    link
        The engine process.
    """

    def __init__(self, link: EngineLink) -> None:
        self._link = link
        self._seen: set[str] = set()

    def poll(self, current: AnnotatedImage | None) -> None:
        """Open the current image if it can be copied without a noticeable pause."""
        if current is None or not self._link.is_running or current.key in self._seen:
            return
        self._seen.add(current.key)
        if not current.is_quick_to_copy:
            return
        try:
            self._link.open(current)
        except GarageError as error:
            # Learn shows the same error where it can be acted on.
            logger.info("%s cannot be opened: %s", current.name, error)

    def forget(self, annotated: AnnotatedImage) -> None:
        """Open an image again with the next poll, because its pixels changed."""
        self._seen.discard(annotated.key)

    def forget_all(self) -> None:
        """Open every image again, because the engine process was restarted."""
        self._seen.clear()
