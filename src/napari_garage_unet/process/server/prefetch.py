"""What the engine does while the person paints and asks for nothing."""

from __future__ import annotations

from collections.abc import Iterator

from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.preprocess import default_preprocess
from napari_garage_unet.engine.inference.feature_cache import FeatureCaches
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig

from .images import ImageRegistry


class Prefetch:
    """Computes the features of open images ahead, a block at a time.

    Most trainings begin with the default network and preprocessing on an image that
    has been open for a while; they then find all they need. Only images of a single
    plane are looked at: of a stack nobody knows yet which planes will be painted.

    Parameters
    ----------
    desk
        Where the images lie.
    stores
        Where the features go.
    """

    def __init__(self, desk: ImageRegistry, stores: FeatureCaches) -> None:
        self._desk, self._stores = desk, stores
        self._seen: list[Image] = []
        self._blocks: Iterator[None] | None = None

    def has_more(self) -> bool:
        """Whether there is something to compute."""
        return self._blocks is not None or self._next_image() is not None

    def advance(self) -> None:
        """Compute a block.

        Raises
        ------
        InputError
            If an image cannot be preprocessed; it is not looked at again.
        """
        blocks, self._blocks = self._blocks or self._begin(), None
        if next(blocks, self) is None:
            self._blocks = blocks

    def _begin(self) -> Iterator[None]:
        image = self._next_image()
        if image is None:
            return iter(())
        self._seen.append(image)
        if image.stack_axes:
            return iter(())
        network = build_network(NetworkConfig(), image.n_channels, 2)
        store = self._stores.get(network, default_preprocess(image))
        return store.prepare(image, ())

    def _next_image(self) -> Image | None:
        images = self._desk.images()
        self._seen = [image for image in self._seen if image in images]
        return next((image for image in images if image not in self._seen), None)
