"""Options about values of images: no data, black and white."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.config import Contrast, PreprocessConfig
from napari_garage_unet.engine.images.contrast_report import describe_contrast
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.no_data import mark_no_data
from napari_garage_unet.engine.images.no_data_report import (
    describe_no_data,
    suspect_no_data,
)
from napari_garage_unet.engine.images.preprocess import default_preprocess_of

from .options import PATH_TYPE
from .terminal import say

if TYPE_CHECKING:
    from napari_garage_unet.engine.models.model import Model

NODATA_OPTION = click.option(
    "--nodata",
    type=float,
    metavar="VALUE",
    help="Value that stands for no data in the images, such as -9999, besides NaN; "
    "instead of the one that the files name.",
)
MASK_OPTION = click.option(
    "--mask",
    "masks",
    type=PATH_TYPE,
    multiple=True,
    metavar="FILE",
    help="An image of the same shape without channels that is 0 where there is no "
    "data; one for all images, or one for each in the same order.",
)


CONTRASTS = get_args(Contrast)
"""Values of ``--contrast``."""


def make_preprocess(
    images: Sequence[Image], contrast: Contrast | None
) -> PreprocessConfig | None:
    """Return the preprocessing of a training; None for the default one."""
    if contrast is None:
        return None
    return replace(default_preprocess_of(images), contrast=contrast)


def masks_by_image(
    images: Sequence[Path], masks: Sequence[Path]
) -> dict[Path, Path | None]:
    """Find the mask of each image.

    Parameters
    ----------
    images
        Files of images.
    masks
        Values of ``--mask``: none, one for all, or one for each.

    Raises
    ------
    InputError
        If there is another number of them.
    """
    if len(masks) not in (0, 1, len(images)):
        raise InputError(
            f"There are {len(masks)} --mask and {len(images)} images; give one mask "
            "for all, or one for each image in the same order."
        )
    given: Sequence[Path | None] = masks or (None,)
    if len(given) == 1:
        given = [given[0]] * len(images)
    return dict(zip(images, given, strict=True))


def mark_image(
    image: Image, *, nodata: float | None, mask: Path | None, become: str = "class 0"
) -> Image:
    """Return an image that knows its values without data, and say how many there are.

    Parameters
    ----------
    image
        The image.
    nodata
        Value of ``--nodata``.
    mask
        Its mask.
    become
        What pixels without data become, in words.

    Raises
    ------
    InputError
        If the mask cannot be read or has another shape.
    """
    from napari_garage_unet.engine.files.reading import read_mask

    there = None if mask is None else read_mask(mask)
    marked = mark_no_data(image, nodata=nodata, mask=there)
    said = describe_no_data(marked, become=become)
    doubt = suspect_no_data(marked)
    if doubt:
        say(doubt, err=True)
    if said:
        say(said, err=True)
    return marked


def say_contrast(image: Image, model: Model) -> None:
    """Say on standard error if an image has much more or less contrast than learnt."""
    known = None if model.contrast is None else model.contrast.range
    said = describe_contrast(image, model.preprocess, known)
    if said:
        say(said, err=True)
