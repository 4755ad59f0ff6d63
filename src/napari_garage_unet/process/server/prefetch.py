"""Prefetch: features of open images, computed while nothing is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.planes_at_hand import PlanesAtHand
from napari_garage_unet.engine.images.preprocess import default_preprocess
from napari_garage_unet.engine.inference.feature_cache import FeatureCaches
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig

from .images import ImageRegistry


class Prefetch:
    """Computes the features of open images ahead, a block at a time.

    Most trainings begin with the default network and preprocessing on an image that
    has been open for a while, and find its features in the cache. Left out are stacks,
    of which it is unknown which planes will be painted, and large pictures that are
    handed over when they are needed.

    Parameters
    ----------
    images
        Open images.
    caches
        Caches that take the features.
    """

    def __init__(self, images: ImageRegistry, caches: FeatureCaches) -> None:
        self._images, self._caches = images, caches
        self._seen: list[Image] = []
        self._blocks: Iterator[None] | None = None

    def has_more(self) -> bool:
        """Whether there is a block to compute or an image to look at."""
        return self._blocks is not None or self._next_image() is not None

    def advance(self) -> None:
        """Compute a block, or pass over an image that has none.

        Raises
        ------
        InputError
            If an image cannot be preprocessed; it is passed over from then on.
        """
        blocks, self._blocks = self._blocks or self._begin(), None
        if next(blocks, self) is None:
            self._blocks = blocks

    def _begin(self) -> Iterator[None]:
        image = self._next_image()
        if image is None:
            return iter(())
        self._seen.append(image)
        if image.stack_axes or isinstance(image.data, PlanesAtHand):
            return iter(())
        network = build_network(NetworkConfig(), image.n_channels, 2)
        cache = self._caches.get(network, default_preprocess(image))
        return cache.prepare(image, ())

    def _next_image(self) -> Image | None:
        images = self._images.images()
        self._seen = [image for image in self._seen if image in images]
        return next((image for image in images if image not in self._seen), None)
