"""The engine sees the image on view before anybody asks it to learn."""

from __future__ import annotations

import logging

from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.session.images.annotated_image import AnnotatedImage

from .engine_link import EngineLink

logger = logging.getLogger(__name__)


class ImagePrefetch:
    """Gives the engine each image once, so that it can compute its features.

    Parameters
    ----------
    link
        The engine process.
    """

    def __init__(self, link: EngineLink) -> None:
        self._link = link
        self._seen: set[str] = set()

    def poll(self, current: AnnotatedImage | None) -> None:
        """Open the image that is being worked on, if that is done in a moment."""
        if current is None or not self._link.is_running or current.key in self._seen:
            return
        self._seen.add(current.key)
        if not current.is_at_hand:
            return
        try:
            self._link.open(current)
        except GarageError as error:
            # Whoever presses Learn gets to read it.
            logger.info("%s cannot be opened: %s", current.name, error)

    def forget(self, annotated: AnnotatedImage) -> None:
        """Open an image again; its pixels have changed."""
        self._seen.discard(annotated.key)

    def forget_all(self) -> None:
        """Open every image again; the engine process is another one."""
        self._seen.clear()
