"""What a session keeps on disk while it runs, and when it ends."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.session.images.image_list import ImageList
from napari_garage_unet.session.models.version_pictures import VersionPictures

from .autosave import Autosave
from .fingerprint import Fingerprints
from .own_project import OwnProject
from .recovery import Recovery

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Keeper:
    """Everything that is saved and restored.

    Parameters
    ----------
    images
        The images whose strokes are saved.
    own
        The project folder of the session.
    autosave
        Saves strokes, classes, settings and versions.
    fingerprints
        Fingerprints of the images, which identify them.
    pictures
        Draws the pictures of versions.
    recovery
        Finds saved projects of images that are open.
    """

    images: ImageList
    own: OwnProject
    autosave: Autosave
    fingerprints: Fingerprints
    pictures: VersionPictures
    recovery: Recovery

    def poll(self) -> None:
        """Save what is new; look for saved projects of images that were opened."""
        self.pictures.poll()
        self.autosave.poll()
        self.recovery.poll()

    def close(self) -> None:
        """Save what is left; the viewer is gone."""
        for annotated in self.images:
            try:
                annotated.look_at_all()
            except GarageError as error:
                # Strokes or image were replaced by some that do not fit each other.
                logger.info("%s is not saved: %s", annotated.name, error)
        self.autosave.close()
        self.fingerprints.close()
