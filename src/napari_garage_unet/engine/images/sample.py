"""Which planes of a stack stand for all of it in statistics."""

from __future__ import annotations

from .image import Image, PlaneIndex
from .planes_at_hand import PlanesAtHand, spread

MAX_SAMPLED_PLANES = 16
"""Planes that statistics of a whole stack are measured on."""


def sample_planes(
    image: Image, *, at_most: int = MAX_SAMPLED_PLANES
) -> tuple[PlaneIndex, ...]:
    """Choose the planes that statistics of a whole image are measured on.

    The choice is the same each time, and does not read anything.

    Parameters
    ----------
    image
        The image.
    at_most
        Upper bound of their number.

    Returns
    -------
    tuple of PlaneIndex
        Spread evenly over the stack, with its first and its last plane. Where an image
        is read plane by plane (`PlanesAtHand`): over the planes that were there when
        this was first asked, which are those that are painted or on view; only if there
        are none yet it is empty.
    """
    if isinstance(image.data, PlanesAtHand):
        return image.data.sample(at_most)
    return spread(tuple(image.plane_indices()), at_most)
