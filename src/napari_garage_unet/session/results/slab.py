"""Slabs: planes of a volume whose labels are assigned together.

Regions of a volume extend through planes, so planes that follow each other and have
been computed are one slab. While a slider moves, a slab may be a part of these around
the plane on view.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.engine.labels.regions import CLOSED, OpenEnds


@dataclass(frozen=True, slots=True)
class Slab:
    """Planes that follow each other along ``z``.

    Parameters
    ----------
    planes
        Positions of the planes, in order.
    open_ends
        Whether the volume continues before the first and after the last of them.
    is_volume
        Whether they are part of a volume; otherwise it is one plane on its own.
    """

    planes: tuple[PlaneIndex, ...]
    open_ends: OpenEnds = CLOSED
    is_volume: bool = False

    def key(self, image: Image) -> tuple[Any, ...]:
        """Return the index of the slab in an array of the image's spatial shape."""
        if not self.is_volume:
            return image.spatial_key(self.planes[0])
        key = list(image.spatial_key(self.planes[0]))
        at = image.stack_axes.index("z")
        key[image.spatial_axes.index("z")] = slice(
            self.planes[0][at], self.planes[-1][at] + 1
        )
        return tuple(key)

    def part_of(self, array: NDArray[Any], image: Image) -> NDArray[Any]:
        """Return a view of the slab, ``(H, W)`` or ``(D, H, W)``.

        Parameters
        ----------
        array
            ``(..., *spatial)`` in the order of the axes of `image`.
        image
            The image it belongs to.
        """
        part = array[(..., *self.key(image))]
        if self.is_volume:
            return image.in_order(part)
        return part.swapaxes(-2, -1) if image.is_transposed else part

    def spacing(self, image: Image, *, step: int = 1) -> tuple[float, ...]:
        """Return world units between pixels along each axis, taking every `step`-th."""
        spacing = dict(zip(image.spatial_axes, image.spacing, strict=True))
        plane = (step * spacing["y"], step * spacing["x"])
        return (spacing["z"], *plane) if self.is_volume else plane


def slab_around(
    index: PlaneIndex,
    image: Image,
    known: Container[PlaneIndex],
    *,
    most: int | None = None,
) -> Slab:
    """Return the slab of a volume that a plane is in.

    Parameters
    ----------
    index
        The plane; one of `known`.
    image
        A volume.
    known
        The planes that have been computed.
    most
        Planes of the slab at most; those nearest to `index` are taken.
    """
    at = image.stack_axes.index("z")
    depth = image.spatial_shape[image.spatial_axes.index("z")]

    def plane(z: int) -> PlaneIndex:
        return (*index[:at], z, *index[at + 1 :])

    first = last = index[at]
    while most is None or last - first + 1 < most:
        before = first > 0 and plane(first - 1) in known
        behind = last < depth - 1 and plane(last + 1) in known
        if behind and (not before or last - index[at] <= index[at] - first):
            last += 1
        elif before:
            first -= 1
        else:
            break
    return Slab(
        tuple(plane(z) for z in range(first, last + 1)),
        (first > 0, last < depth - 1),
        is_volume=True,
    )
