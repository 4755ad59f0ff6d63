"""The Python API: train a model, load a model."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TypeVar

from .annotations.classes import ClassInfo
from .annotations.fitting import fit_strokes, follow_strokes
from .errors import InputError
from .images.config import PreprocessConfig
from .images.guessing import axes_for_strokes
from .images.image import ArrayLike, Image
from .images.no_data import mark_no_data
from .learning.config import TrainingConfig
from .learning.events import TrainingStep
from .learning.training import Training
from .models.loading import load_model
from .models.model import Model
from .networks.config import NetworkConfig

__all__ = ["load_model", "train"]

T = TypeVar("T")


def train(
    images: ArrayLike | Image | Sequence[ArrayLike | Image],
    strokes: ArrayLike | Sequence[ArrayLike],
    *,
    seconds: float = 30.0,
    seed: int = 0,
    classes: Sequence[ClassInfo] | None = None,
    preprocess: PreprocessConfig | None = None,
    network: NetworkConfig | None = None,
    training: TrainingConfig | None = None,
    start_from: Model | None = None,
    nodata: float | None = None,
    mask: ArrayLike | Sequence[ArrayLike] | None = None,
    on_step: Callable[[TrainingStep], None] | None = None,
) -> Model:
    """Train a U-Net from strokes.

    Parameters
    ----------
    images
        One image or a list of images: arrays of bool, integers or floats, whose axes
        follow from their strokes (an axis that the strokes do not have holds the
        channels), or `Image` objects.
    strokes
        One array, or a list of one per image: integers of the image's shape without
        the channels; 0 is unlabelled and never learnt from, 1 and up are classes. Axes
        of length 1 do not count.
    seconds
        Time to learn, in seconds.
    seed
        The same seed, strokes and number of steps give the same training.
    classes
        Names and colours of the classes; by default one for each painted id.
    preprocess, network, training
        Settings; `seconds` and `seed` win over those in `training`.
    start_from
        A model to continue from. Its classes stay, with names, thresholds and presets;
        if `classes` are given, only those that are among them or painted.
    nodata
        Value that stands for no data in the images, besides NaN and infinities.
    mask
        One array, or a list of one per image: 0 or False where an image has no data,
        of its shape without the channels.
    on_step
        Called after each step.

    Returns
    -------
    Model
        The last state; of a plain U-Net the best one by held-out strokes, where
        enough strokes are painted to hold some out.

    Raises
    ------
    InputError
        If images and strokes do not fit each other or cannot be learnt from.

    Examples
    --------
    >>> model = train(image, strokes, seconds=30)  # doctest: +SKIP
    >>> labels = model.segment(image)  # doctest: +SKIP
    """
    image_list: list[ArrayLike | Image] = _as_list(images)
    strokes_list: list[ArrayLike] = _as_list(strokes)
    if len(image_list) != len(strokes_list):
        raise InputError(
            f"There are {len(image_list)} images but {len(strokes_list)} strokes "
            "arrays; each image needs its own."
        )
    masks: list[ArrayLike | None] = [None] * len(image_list)
    if mask is not None:
        masks = [*_as_list(mask)]
    if len(masks) != len(image_list):
        raise InputError(
            f"There are {len(image_list)} images but {len(masks)} masks; each image "
            "needs its own."
        )
    config = dataclasses.replace(
        training or TrainingConfig(), seconds=seconds, seed=seed
    )
    known = [
        mark_no_data(
            as_image(image, painted, name=f"image {number}"), nodata=nodata, mask=there
        )
        for number, (image, painted, there) in enumerate(
            zip(image_list, strokes_list, masks, strict=True), start=1
        )
    ]
    job = Training(
        known,
        [
            fit_strokes(image, painted, cure="Image(array, axes={axes!r})")
            for image, painted in zip(known, strokes_list, strict=True)
        ],
        classes=classes,
        preprocess=preprocess,
        network=network,
        training=config,
        start_from=start_from,
    )
    for step in job.run():
        if on_step is not None:
            on_step(step)
    return job.model()


def as_image(array: ArrayLike | Image, strokes: ArrayLike, *, name: str) -> Image:
    """Give an array the axes that follow from those of its strokes.

    An `Image` keeps its axes, unless they are a guess that its strokes do not bear out.
    """
    if isinstance(array, Image):
        return follow_strokes(array, strokes)
    axes = axes_for_strokes(array.shape, strokes.shape, name=name)
    return Image(array, axes, name=name)


def _as_list(one_or_many: T | Sequence[T]) -> list[T]:
    if isinstance(one_or_many, Sequence):
        return list(one_or_many)
    return [one_or_many]
