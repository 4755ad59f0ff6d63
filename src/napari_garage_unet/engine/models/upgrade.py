"""From earlier versions of the model file to the present one, step by step.

Each version but the present one has a step in `UPGRADES`, and a file passes through the
steps from its version on.

Version 1 kept the settings of a pretrained network (`DecoderState`) among its weights,
where their position told what they were. There were four of them, each with all of the
one before and some more:

======= =================================================
weights what the last ones are
======= =================================================
7       smoothing radius
9       guide, class proportions
12      projection, ensemble weights, inverse temperature
19      six weights of the patch network, its blend weight
======= =================================================

Files of the first day have six and no smoothing radius; no version could open them
after it. The weights of plain networks are the same in both versions.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import ModelFileError
from napari_garage_unet.engine.networks.decoder_state import DecoderState

from .archive import DECODER, weight_member

Description = dict[str, Any]
Arrays = dict[str, NDArray[Any]]

NUMBERS_OF_WEIGHTS = (7, 9, 12, 19)
"""Weights of pretrained networks in version 1, settings included."""

N_DECODER_WEIGHTS = 6
"""Kernels and biases of the three layers of the decoder, which come first."""

DECODER_SETTINGS = (
    "smoothing_radius",
    "guide",
    "class_proportions",
    "projection",
    "ensemble_weights",
    "inverse_temperature",
)
"""Fields of `DecoderState` that stand behind the weights of the decoder, in order."""

WEIGHT_NAMES = tuple(
    f"{number:03d} {network}/{kind}_{layer}"
    for number, (network, layer, kind) in enumerate(
        (network, layer, kind)
        for network in ("decoder", "patch_network")
        for layer in range(3)
        for kind in ("kernel", "bias")
    )
)
"""Names of the trained weights in version 2."""

PATCH_SIDE_PIXELS = 10
PATCH_WIDTHS = (64, 64)
"""Side in pixels of what the patch network of version 1 sees, and its channels."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The step from one version of the model file to the next.

    Parameters
    ----------
    describe
        Changes in place what `read_info` gives of a description. It gets no arrays and
        takes any JSON object.
    convert
        Changes in place the rest of the description, and the arrays.
    """

    describe: Callable[[Description], None]
    convert: Callable[[Description, Arrays], None]


def upgrade(
    description: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    *,
    upgrades: Mapping[int, Upgrade] | None = None,
) -> tuple[Description, Arrays]:
    """Bring the contents of a model file to the present version.

    Parameters
    ----------
    description
        The JSON of the file, of any version.
    arrays
        Its arrays by the names of their members.
    upgrades
        Steps by the version they start from; `UPGRADES` by default.

    Returns
    -------
    description, arrays
        What the present version would have written; those given are not changed.

    Raises
    ------
    ModelFileError
        If a file of version 1 has weights that no network of that version had.
    KeyError, TypeError, ValueError, AttributeError
        If the description makes no sense.
    """
    upgraded, arrays = dict(description), dict(arrays)
    for version, step in _steps_from(description, upgrades):
        step.describe(upgraded)
        step.convert(upgraded, arrays)
        upgraded["version"] = version + 1
    return upgraded, arrays


def upgrade_info(
    description: Mapping[str, Any],
    *,
    upgrades: Mapping[int, Upgrade] | None = None,
) -> Description:
    """Bring what `read_info` gives of a description to the present version.

    Names of weights and settings of the decoder, which need the arrays, stay as they
    are, and so does the version.
    """
    upgraded = dict(description)
    for _, step in _steps_from(description, upgrades):
        step.describe(upgraded)
    return upgraded


def _steps_from(
    description: Mapping[str, Any], upgrades: Mapping[int, Upgrade] | None
) -> list[tuple[int, Upgrade]]:
    """Return the steps from the version of a description on, in order."""
    steps = UPGRADES if upgrades is None else upgrades
    version = description.get("version", 1)
    return [(number, steps[number]) for number in sorted(steps) if number >= version]


def _describe_2(description: Description) -> None:
    # The first files had none.
    description.setdefault("presets", {})


def _convert_to_2(description: Description, arrays: Arrays) -> None:
    description["decoder"] = None
    # In version 1 all networks but plain ones were pretrained.
    if description["network"]["encoder"] == "plain":
        return
    n_weights = len(description["weights"])
    given = [arrays.pop(weight_member(number)) for number in range(n_weights)]
    weights, state = _split(given, int(description["n_channels"]))
    description["weights"] = list(WEIGHT_NAMES)
    description["decoder"] = state.to_json()
    arrays |= {weight_member(n): array for n, array in enumerate(weights)}
    arrays |= {DECODER + name: array for name, array in state.arrays().items()}


UPGRADES: Mapping[int, Upgrade] = {1: Upgrade(_describe_2, _convert_to_2)}
"""The step from each version before `archive.VERSION` to the next one."""


def _split(
    given: Sequence[NDArray[Any]], n_channels: int
) -> tuple[list[NDArray[Any]], DecoderState]:
    """Separate trained weights from settings, by their positions.

    What a file does not have is added so that it changes nothing: no guide, no
    projection, members that count alike, a temperature of 1, and a fresh patch network
    with a blend weight of 0.
    """
    if len(given) not in NUMBERS_OF_WEIGHTS:
        raise ModelFileError(
            "The weights in the model do not fit the network it describes; "
            "the file is damaged or was made by another version."
        )
    decoder, others = given[:N_DECODER_WEIGHTS], given[N_DECODER_WEIGHTS:]
    settings: dict[str, Any] = dict(zip(DECODER_SETTINGS, others, strict=False))
    patch_network = others[len(DECODER_SETTINGS) :]
    if patch_network:
        *patch_network, settings["blend_weight"] = patch_network
    members, n_features, _ = decoder[0].shape
    n_classes = decoder[-1].shape[-1]
    neutral = dataclasses.replace(
        DecoderState.initial(
            n_features, n_classes, np.full(members, 1 / members, np.float32)
        ),
        inverse_temperature=1.0,
    )
    state = dataclasses.replace(neutral, **settings)
    fresh = _fresh_patch_network(n_channels, n_classes)
    return [*decoder, *(patch_network or fresh)], state


def _fresh_patch_network(n_channels: int, n_classes: int) -> Iterator[NDArray[Any]]:
    """Draw weights that can be learnt from, the same ones each time."""
    rng = np.random.default_rng(0)
    sizes = (
        PATCH_SIDE_PIXELS * PATCH_SIDE_PIXELS * n_channels,
        *PATCH_WIDTHS,
        n_classes,
    )
    for layer, (inputs, units) in enumerate(itertools.pairwise(sizes)):
        variance = (2.0 if layer < len(PATCH_WIDTHS) else 1.0) / inputs
        shape = (
            (inputs,) if layer else (PATCH_SIDE_PIXELS, PATCH_SIDE_PIXELS, n_channels)
        )
        yield rng.normal(0, variance**0.5, (*shape, units)).astype(np.float32)
        yield np.zeros(units, np.float32)
