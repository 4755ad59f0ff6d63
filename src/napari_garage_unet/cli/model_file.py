"""The file of a trained model: its room is sought before, and no training is lost."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from napari_garage_unet.engine.errors import OutputError
from napari_garage_unet.engine.files.room import try_room

if TYPE_CHECKING:
    from napari_garage_unet.engine.models.model import Model

OTHER_BYTES = 1 << 18
"""Room for the description and the held-out predictions of a model file."""


def seek_room(model: Model, path: Path) -> None:
    """Check that a model of the size of this one can be written.

    Raises
    ------
    OutputError
        If there is no room, or nothing may be written there.
    """
    arrays = [*model.weights.values()]
    if model.decoder is not None:
        arrays += model.decoder.arrays().values()
    needed = sum(array.nbytes for array in arrays) + OTHER_BYTES
    try_room(path.parent, needed, what="The model needs")


def save_or_rescue(model: Model, path: Path) -> None:
    """Write a model; in the temporary folder if it cannot be written where it should.

    Raises
    ------
    OutputError
        If it was written elsewhere, which the message says, or nowhere.
    """
    try:
        model.save(path)
    except OutputError as error:
        folder = Path(tempfile.mkdtemp(prefix="garage-model-"))
        rescued = folder / path.name
        model.save(rescued)
        raise OutputError(
            f"{error} What was learnt is not lost: it was saved as {rescued}."
        ) from error
