"""How the contrast of an image differs from what a model has learnt from."""

from __future__ import annotations

import numpy as np

from .config import PreprocessConfig
from .contrast import MIN_SHARE_OF_CONTRAST, ContrastRange, join_ranges
from .image import Image
from .preprocess import measure_range
from .sample import sample_planes


def describe_contrast(
    image: Image, config: PreprocessConfig, known: ContrastRange | None
) -> str:
    """Say whether an image has much more or less contrast than the training images.

    Parameters
    ----------
    image
        The image; some of its planes are read.
    config
        Preprocessing of the model.
    known
        What the model has learnt from; None if that is not known.

    Returns
    -------
    str
        A sentence; empty where contrast is not as in training, or is alike.
    """
    if config.contrast != "training" or known is None:
        return ""
    ranges = []
    for index in sample_planes(image):
        plane = image.plane(index)
        missing = image.missing_values(plane, index)
        found = measure_range(plane, config, missing=missing)
        ranges += [] if found is None else [found]
    span = known.high - known.low
    if not ranges or len(ranges[0].low) != len(span) or not (span > 0).all():
        return ""
    own = join_ranges(ranges)
    ratio = float(np.median((own.high - own.low) / span))
    if MIN_SHARE_OF_CONTRAST <= ratio <= 1 / MIN_SHARE_OF_CONTRAST:
        return ""
    if ratio < 1:
        return (
            f"{image.name} has {100 * ratio:.0f} % of the contrast that the model has "
            "learnt from and may be taken for empty; if it is not, add "
            "--contrast plane."
        )
    return (
        f"{image.name} has {ratio:.1f} times the contrast that the model has learnt "
        "from; if the exposure was another one, add --contrast stack."
    )
