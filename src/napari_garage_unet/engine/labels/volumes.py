"""Labels of whole images: in a volume regions go through its planes.

Along ``z`` pixels are neighbours, so hysteresis and clean-up act in three dimensions
there and sizes are in voxels. Time points stay apart from each other. Where a rule
looks at pixels alone, an image can be decided plane by plane with the same result.
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
    """Tell whether planes of an image cannot be decided one by one."""
    connects = any(rule.cleans or rule.low is not None for rule in rules)
    return "z" in image.spatial_axes and connects


def label_image(
    probabilities: NDArray[Any],
    rules: Rules,
    image: Image,
    *,
    class_ids: Sequence[int],
) -> Labels:
    """Decide and clean a whole image: from probabilities to labels.

    Parameters
    ----------
    probabilities
        ``(n_classes, *spatial)`` in the order of the axes of `image`; float from 0 to 1
        or uint8, see `assign_labels`.
    rules, class_ids
        See `assign_labels`.
    image
        Tells what the axes are, and how far apart planes are; its pixels are not read.

    Returns
    -------
    ``(*spatial)`` uint8 or uint16, C-contiguous

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
