"""Labels of whole images, in which regions extend through the planes of a volume.

Pixels are neighbours along ``z``, so hysteresis and clean-up work in three dimensions
and sizes are in voxels. Time points are separate. Rules without hysteresis and clean-up
give the same labels plane by plane.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.images.image import Image

from .assign import Labels
from .clean_up import apply_rules
from .rules import ClassRule, Rules, resolve_rules


def needs_volume(image: Image, rules: Iterable[ClassRule]) -> bool:
    """Return whether the planes of an image must be labelled together."""
    connects = any(rule.cleans or rule.low is not None for rule in rules)
    return "z" in image.spatial_axes and connects


def label_image(
    probabilities: NDArray[Any],
    rules: Rules,
    image: Image,
    *,
    class_ids: Sequence[int],
) -> Labels:
    """Assign and clean the labels of a whole image.

    Parameters
    ----------
    probabilities
        ``(n_classes, *spatial)`` in the order of the axes of `image`; float from 0 to 1
        or uint8, see `assign_labels`.
    rules, class_ids
        See `assign_labels`.
    image
        Image that gives the axes and their spacing; its pixels are not read.

    Returns
    -------
    ndarray
        ``(*spatial)`` uint8 or uint16 class ids, C-contiguous.

    Raises
    ------
    InputError
        If shapes, ids or values do not fit.
    """
    axes = image.spatial_axes
    spacing = dict(zip(axes, image.spacing, strict=True))
    resolved = resolve_rules(rules, class_ids)
    order = [axes.index(axis) for axis in "tzyx" if axis in axes]
    inside = "zyx" if needs_volume(image, resolved) else "yx"
    turned = probabilities.transpose(0, *(at + 1 for at in order))
    labels = apply_rules(
        np.ascontiguousarray(turned),
        resolved,
        class_ids=class_ids,
        connected_axes=len(inside),
        spacing=[spacing[axis] for axis in inside],
    )
    return np.ascontiguousarray(labels.transpose(np.argsort(order)))
