"""The words in a package of the BioImage Model Zoo: names, sources, documentation."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence

from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.networks.base import Citation, Network

UNET = Citation(
    "Ronneberger, Fischer, Brox: U-Net: Convolutional Networks for Biomedical Image "
    "Segmentation, MICCAI 2015",
    "10.1007/978-3-319-24574-4_28",
)


def channel_names(names: Sequence[str]) -> list[str]:
    """Make distinct names of letters, digits and underscores, as bioimage.io wants."""
    made: list[str] = []
    for number, name in enumerate(names, start=1):
        word = re.sub(r"\W+", "_", name).strip("_").lower()
        if not word.isidentifier() or keyword.iskeyword(word):
            word = f"class_{word or number}"
        made.append(f"{word}_{number}" if word in made else word)
    return made


def input_names(n_channels: int) -> list[str]:
    """Name the channels of an image; three are red, green and blue."""
    if n_channels == 3:
        return ["red", "green", "blue"]
    return [f"channel{number}" for number in range(n_channels)]


def listed_classes(model: Model) -> str:
    """List the names of a model's classes in a sentence."""
    names = [info.name for info in model.classes]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def default_name(model: Model) -> str:
    """Make a name of at most 64 characters out of those that bioimage.io takes."""
    name = re.sub(
        r"[^\w+() -]", " ", f"U-Net for {listed_classes(model)}", flags=re.ASCII
    )
    return name[:64].strip()


def documentation(model: Model, network: Network, *, halo: int | None) -> str:
    """Write the README of a package, in Markdown.

    Parameters
    ----------
    model
        The model.
    network
        Its network.
    halo
        Margin in pixels that tiles need on each side; None if there can be none.
    """
    rows = "\n".join(
        f"| {row} | {info.id} | {info.name} | {'yes' if info.background else ''} |"
        for row, info in enumerate(model.classes)
    )
    provenance = model.provenance
    encoder = f"{network.encoder_source}\n" if network.encoder_source else ""
    if halo is None:
        tiles = (
            "Give it whole planes, not tiles: the network scales its features by their "
            "mean and spread over what it is given."
        )
    else:
        tiles = f"Tiles need a halo of {halo} pixels."
    if model.fixed_contrast is None:
        contrast = (
            "Percentiles are taken of the whole plane, so rescale before cutting into "
            "tiles."
        )
    else:
        contrast = (
            "The same values are black and white in every plane, those of the planes "
            "the model has learnt from, so bring other exposures to theirs."
        )
    return f"""# {default_name(model)}

A U-Net that was trained with napari-garage-unet from painted strokes: \
{provenance.get("steps", "?")} steps, {provenance.get("seconds", "?")} s, \
{"checked" if provenance.get("validated") else "not checked"} on held-out strokes.
{encoder}
## What comes out

The output holds one probability per class; the largest one is the label.

| row | id | class | background |
|-----|----|-------|------------|
{rows}

## What goes in

Planes of {model.n_channels} channels in any unit. {contrast} {tiles}

## Validation

The model has learnt from the strokes of a person on \
{len(provenance.get("images", []))} image(s). Compare its result with your own eyes or \
with a labelled image before you rely on it.
"""
