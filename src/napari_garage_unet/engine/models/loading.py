"""Models from model files of all versions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import InputError, ModelFileError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.labels.presets import presets_from_json
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.networks.decoder_state import ARRAYS, DecoderState
from napari_garage_unet.engine.networks.fixed_contrast import FixedContrast
from napari_garage_unet.engine.settings import from_json

from .archive import CONTRAST, DECODER, HELD_OUT, ModelArchive, weight_member
from .held_out_predictions import HeldOutPredictions
from .made_for import UNKNOWN, MadeFor
from .model import Model
from .upgrade import upgrade, upgrade_info


def load_model(path: str | Path) -> Model:
    """Read a model.

    Parameters
    ----------
    path
        File that `Model.save` has written, in this version of the package or an earlier
        one.

    Returns
    -------
    Model
        Its network is built when it is first used.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, or not a model of this plugin.
    """
    with ModelArchive(path) as archive:
        description = archive.description()
        arrays = archive.arrays()
        for number in range(len(description.get("weights", []))):
            if weight_member(number) not in arrays:
                raise archive.damaged(f"{weight_member(number)}.npy is missing")
        held_out = _held_out(archive)
    try:
        return _model(*upgrade(description, arrays), held_out)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # InputError is a ValueError and brings its own sentence.
        why = str(error) if isinstance(error, InputError) else f"{error!r} is wrong"
        raise ModelFileError(
            f"{path} describes its model in a way that cannot be read ({why})."
        ) from error


def read_info(path: str | Path) -> dict[str, Any]:
    """Read the description of a model without its weights.

    Returns
    -------
    dict
        What `Model.info` gives, of files of all versions.

    Raises
    ------
    ModelFileError
        As for `load_model`.
    """
    with ModelArchive(path) as archive:
        description = upgrade_info(archive.description())
    for key in ("format", "version", "weights", "decoder"):
        description.pop(key, None)
    # What came later without a new version of the file, as `_model` reads it.
    return {"made_for": UNKNOWN.to_json(), "contrast": None, **description}


def read_held_out(path: str | Path) -> HeldOutPredictions | None:
    """Read the predictions at held-out strokes, without the rest of the model.

    Returns
    -------
    HeldOutPredictions or None
        None when no strokes were held out.

    Raises
    ------
    ModelFileError
        As for `load_model`.
    """
    with ModelArchive(path) as archive:
        return _held_out(archive)


def _model(
    description: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    held_out: HeldOutPredictions | None,
) -> Model:
    decoder = description["decoder"]
    return Model(
        classes=tuple(from_json(ClassInfo, c) for c in description["classes"]),
        preprocess=from_json(PreprocessConfig, description["preprocess"]),
        network=from_json(NetworkConfig, description["network"]),
        n_channels=int(description["n_channels"]),
        weights={
            name: arrays[weight_member(number)]
            for number, name in enumerate(description["weights"])
        },
        decoder=decoder
        and DecoderState.from_parts(
            decoder, {name: arrays[DECODER + name] for name in ARRAYS}
        ),
        axes=str(description["axes"]),
        # Older programs ignore it, so it needed no new version of the file.
        made_for=MadeFor.from_json(description.get("made_for", {})),
        rules={int(i): ClassRule.from_json(r) for i, r in description["rules"].items()},
        provenance=description["provenance"],
        presets=presets_from_json(description["presets"]),
        held_out=held_out,
        contrast=FixedContrast.from_arrays(
            {
                name.removeprefix(CONTRAST): array
                for name, array in arrays.items()
                if name.startswith(CONTRAST)
            }
        ),
    )


def _held_out(archive: ModelArchive) -> HeldOutPredictions | None:
    arrays = archive.arrays(HELD_OUT)
    if not arrays:
        return None
    try:
        return HeldOutPredictions(
            **{name.removeprefix(HELD_OUT): array for name, array in arrays.items()}
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise archive.damaged(f"{HELD_OUT} does not fit together") from error
