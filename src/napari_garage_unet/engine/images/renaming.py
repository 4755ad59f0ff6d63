"""Images whose axes turn out to mean something else."""

from __future__ import annotations

import dataclasses

from .axes import AxesSource
from .image import Image


def with_axes(image: Image, axes: str, *, source: AxesSource) -> Image:
    """Return an image whose axes mean something else.

    Parameters
    ----------
    image
        The image as it was read.
    axes
        One letter of ``"tzyxc"`` per axis of its data.
    source
        Who says so.

    Returns
    -------
    Image
        Spacing and origin stay with their letters and are 1 and 0 for new ones; what
        no longer fits, such as names of another number of channels, is left out.
    """
    spacing = dict(zip(image.spatial_axes, image.spacing, strict=True))
    origin = dict(zip(image.spatial_axes, image.origin, strict=True))
    spatial = axes.replace("c", "")
    shape = dict(zip(axes, image.data.shape, strict=True))
    mask = image.data_mask
    keeps_mask = mask is not None and tuple(mask.shape) == tuple(
        shape[a] for a in spatial
    )
    keeps_names = len(image.channel_names) == shape.get("c", 1)
    return dataclasses.replace(
        image,
        axes=axes,
        axes_source=source,
        spacing=tuple(spacing.get(a, 1.0) for a in spatial),
        origin=tuple(origin.get(a, 0.0) for a in spatial),
        flipped="".join(a for a in image.flipped if a in spatial),
        channel_names=image.channel_names if keeps_names else (),
        data_mask=mask if keeps_mask else None,
    )
