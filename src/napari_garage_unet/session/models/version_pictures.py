"""A picture of each version's segmentation of the image on view."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_garage_unet.engine.errors import OutputError
from napari_garage_unet.engine.images.image import PlaneIndex
from napari_garage_unet.project.description import SavedVersion
from napari_garage_unet.project.safe_files import write_bytes
from napari_garage_unet.session.background import Tasks
from napari_garage_unet.session.images.image_list import ImageList
from napari_garage_unet.session.results.result import Result
from napari_garage_unet.session.results.result_list import ResultList
from napari_garage_unet.session.training.live_model import LiveModelStore

from .thumbnail import labels_of, png, thumbnail
from .versions import VersionList

logger = logging.getLogger(__name__)


class VersionPictures:
    """Draws a picture of the preview when a version is saved.

    At once, so that there is one, and again when the preview shows the saved state.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    versions
        The versions that get pictures.
    results
        Has the previews.
    images
        The images; the chosen one is drawn.
    live
        Holds the live model, whose generation tells what a preview shows.
    tasks
        Runs the encoding and writing.
    """

    def __init__(
        self,
        viewer: Any,
        *,
        versions: VersionList,
        results: ResultList,
        images: ImageList,
        live: LiveModelStore,
        tasks: Tasks,
    ) -> None:
        self._viewer = viewer
        self._versions = versions
        self._results = results
        self._images = images
        self._live = live
        self._tasks = tasks
        self._wanted: tuple[SavedVersion, int] | None = None
        versions.kept.connect(self._on_kept)

    @property
    def is_waiting(self) -> bool:
        """Whether the preview does not show the state of the newest version yet."""
        return self._wanted is not None

    def poll(self) -> None:
        """Draw the picture that is due once the preview shows the saved state."""
        if self._wanted is None:
            return
        version, generation = self._wanted
        is_past = self._live.now.generation != generation
        if is_past or self._take(version, state=(generation, 0)):
            self._wanted = None

    def _on_kept(self, version: SavedVersion) -> None:
        self._wanted = None
        if self._versions.current == version.id:
            self._wanted = version, self._live.now.generation
        self._take(version, state=(0, 0))

    def _take(self, version: SavedVersion, *, state: tuple[int, int]) -> bool:
        annotated = self._images.current
        result = None if annotated is None else self._results.preview_of(annotated)
        if annotated is None or result is None:
            return False
        index = annotated.plane_on_view(self._viewer)
        if result.state_of(index) < state:
            return False
        path = self._versions.picture_path(version)

        def done(data: bytes | None) -> None:
            if data is not None:
                self._versions.set_picture(version.id, data)

        # Not here: the plane of a lazy image may take long to be read.
        shown = labels_of(result, index)
        self._tasks.run(
            f"picture of {version.id}",
            lambda: _draw(path, result, index, shown),
            done=done,
        )
        return True


def _draw(
    path: Path, result: Result, index: PlaneIndex, labels: NDArray[Any]
) -> bytes | None:
    try:
        data = png(thumbnail(result, index, labels))
    except Exception as error:  # noqa: BLE001 - a lazy array runs whatever code it has
        # The plane cannot be read any more, which learning and segmenting say.
        logger.info("No picture of a version: %s", error)
        return None
    try:
        write_bytes(path, data)
    except OutputError as error:
        # The version itself is saved; without a picture when it is restored.
        logger.info("No picture of a version: %s", error)
    return data
