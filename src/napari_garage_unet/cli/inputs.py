"""Input of the command line: images, classes and rules."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.annotations.fitting import fit_strokes, follow_strokes
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.arrangements import (
    arrangements,
    describe_axes,
    is_worth_saying,
)
from napari_garage_unet.engine.images.axes import AxesSource
from napari_garage_unet.engine.images.image import Image, count_channels
from napari_garage_unet.engine.images.renaming import with_axes
from napari_garage_unet.engine.models.axes import axes_like

from .terminal import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_garage_unet.engine.labels.rules import ClassRule
    from napari_garage_unet.engine.models.model import Model


def read_for_strokes(
    path: Path, strokes: NDArray[Any], *, axes: str | None, series: int | None = None
) -> tuple[Image, NDArray[Any]]:
    """Read an image whose strokes decide about its axes, where these are a guess.

    Parameters
    ----------
    path
        File of the image.
    strokes
        Class ids in the shape of the image without channels; axes of length 1 do not
        count.
    axes
        One letter of ``"tzyxc"`` per axis; by default the axes stored in the file, or
        else those that fit the strokes.
    series
        Which of several pictures in the file, counted from 0.

    Returns
    -------
    image : Image
    strokes : ndarray of the image's spatial shape

    Raises
    ------
    InputError
        If the file cannot be read, or its shape does not fit the strokes.
    """
    from napari_garage_unet.engine.files.reading import read_image

    image = follow_strokes(read_image(path, axes=axes, series=series), strokes)
    painted = fit_strokes(image, strokes, cure="--axes {axes}")
    say_guess(image)
    return image, painted


def read_for_model(
    path: Path, model: Model, *, axes: str | None, series: int | None = None
) -> Image:
    """Read an image whose model decides about its axes, where these are a guess.

    Parameters
    ----------
    path
        File of the image.
    model
        Model that is going to segment the image.
    axes
        One letter of ``"tzyxc"`` per axis; by default the axes stored in the file, or
        else those of the images that the model was trained on.
    series
        Which of several pictures in the file, counted from 0.

    Returns
    -------
    Image

    Raises
    ------
    InputError
        If the file cannot be read, or has another number of channels than the model.
    """
    from napari_garage_unet.engine.files.reading import read_image

    image = read_image(path, axes=axes, series=series)
    if image.axes_source is AxesSource.SHAPE:
        like = axes_like(image.data.shape, model.axes, n_channels=model.n_channels)
        image = with_axes(image, like, source=AxesSource.SHAPE)
    if image.n_channels != model.n_channels:
        raise InputError(
            f"{image.name} has {count_channels(image.n_channels)} (shape "
            f"{tuple(image.data.shape)}, axes {image.axes} {image.axes_source}) and "
            "the model was trained on images with "
            f"{count_channels(model.n_channels)} (axes {model.axes}); choose an image "
            "of that kind" + _other_axes(image, model) + "."
        )
    say_guess(image)
    return image


def say_differences(image: Image, model: Model) -> None:
    """Say on stderr how an image differs from those that a model learnt from."""
    for sentence in model.made_for.differences(image, axes=model.axes):
        say(sentence, err=True)


def say_guess(image: Image) -> None:
    """Say on standard error how the axes of an image were taken, if only guessed."""
    shape = image.data.shape
    if is_worth_saying(image.axes, shape, image.axes_source):
        say(
            f"{image.name} is taken for {describe_axes(image.axes, shape)} (axes "
            f"{image.axes}), because its file does not say it; --axes says otherwise.",
            err=True,
        )


def _other_axes(image: Image, model: Model) -> str:
    """Return the axes with which an image would fit a model, in words."""
    if image.axes_source is AxesSource.PERSON:
        return ""
    shape = image.data.shape
    axes = axes_like(shape, model.axes, n_channels=model.n_channels)
    lengths = dict(zip(axes, shape, strict=True))
    is_other = axes != image.axes and axes in arrangements(shape)
    if not is_other or lengths.get("c", 1) != model.n_channels:
        return ""
    return f", or, if its axes are {axes}, say so with --axes {axes}"


def parse_names(texts: Sequence[str]) -> dict[int, str]:
    """Parse names of classes.

    Parameters
    ----------
    texts
        Values of ``--class``, such as ``"3=wheel"``.

    Returns
    -------
    dict
        Name by class id.

    Raises
    ------
    InputError
        If a text is not ``ID=NAME``.
    """
    named: dict[int, str] = {}
    for text in texts:
        number, equals, name = text.partition("=")
        if not equals or not number.strip().isdecimal() or not name.strip():
            raise InputError(f"--class {text}: give it as ID=NAME, such as 3=wheel.")
        named[int(number)] = name.strip()
    return named


def make_classes(
    ids: Sequence[int], named: Mapping[int, str], background: int | None
) -> list[ClassInfo]:
    """Return the classes of the painted ids.

    Parameters
    ----------
    ids
        Painted class ids.
    named
        Name by class id; the others are called ``"class ID"``.
    background
        Id of the class that is background, or None.

    Raises
    ------
    InputError
        If a named id or the background is not painted.
    """
    for class_id in (*named, *(() if background is None else (background,))):
        if class_id not in ids:
            raise InputError(
                f"There are no strokes of class {class_id}; painted are "
                f"{', '.join(map(str, ids))}."
            )
    return [ClassInfo(i, named.get(i, ""), background=i == background) for i in ids]


def make_rules(
    model: Model,
    thresholds: Sequence[str],
    sizes: Sequence[str],
    *,
    nodata_class: str | None = None,
) -> Mapping[int, ClassRule]:
    """Return the rules of a model with the changes of the command line.

    Parameters
    ----------
    model
        Model whose classes are given by name or id.
    thresholds
        Values of ``--threshold``, such as ``"wheel=0.6"``.
    sizes
        Values of ``--min-size`` in pixels, such as ``"3=50"``, or ``"50"`` for all
        classes.
    nodata_class
        Class that pixels without data become; None leaves it as the model says.

    Returns
    -------
    mapping
        Rule by class id.

    Raises
    ------
    InputError
        If a value cannot be parsed, a class is not in the model, or a number is out of
        its limits.
    """
    from napari_garage_unet.engine.labels.rules import ClassRule

    changes: dict[int, dict[str, Any]] = {i: {} for i in model.class_ids}
    for text in thresholds:
        name, equals, value = text.rpartition("=")
        if not equals:
            raise InputError(f"--threshold {text}: give it as CLASS=P, such as 3=0.6.")
        changes[_class_id(model, name)]["threshold"] = _number(value, text)
    for text in sizes:
        name, equals, value = text.rpartition("=")
        ids = [_class_id(model, name)] if equals else model.class_ids
        for class_id in ids:
            changes[class_id]["min_size"] = _number(value, text)
    if nodata_class is not None:
        taking = _class_id(model, nodata_class)
        for class_id in model.class_ids:
            changes[class_id]["takes_no_data"] = class_id == taking
    rules = dict(model.rules)
    for class_id, fields in changes.items():
        if fields:
            rule = rules.get(class_id, ClassRule())
            rules[class_id] = dataclasses.replace(rule, **fields)
    return rules


def _class_id(model: Model, name: str) -> int:
    """Return the id of a class that is given by name or id."""
    name = name.strip()
    found = [info.id for info in model.classes if info.name == name]
    if not found and name.isdecimal() and int(name) in model.class_ids:
        found = [int(name)]
    if len(found) != 1:
        known = ", ".join(f"{info.id} ({info.name})" for info in model.classes)
        many = "more than one class" if found else "no class"
        raise InputError(f"There is {many} '{name}' in the model; it has {known}.")
    return found[0]


def _number(text: str, whole: str) -> float:
    """Return a number that is part of the option value `whole`."""
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"'{text}' in '{whole}' is no number.") from error
