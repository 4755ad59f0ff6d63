"""An array in a temporary file, the room of which is reserved before it is written.

A process that writes to a mapped file on a full disk, or reads an empty part of it, is
ended by the system with a bus error. Room that is reserved cannot run out.
"""

from __future__ import annotations

import math
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import OutputError
from napari_garage_unet.engine.files.room import (
    check_room,
    is_lack_of_room,
    lack_of_room,
    reserve,
)

REMEDY = "set TMPDIR to a folder with more room before you start napari"

Part = tuple[int, int]
"""Position of the first byte of a part, and its size in bytes."""


class MappedArray:
    """uint8 zeros in a temporary file that is deleted with the last array.

    Parameters
    ----------
    shape
        Shape of the array.
    what
        Subject of error messages, with its verb: ``"The probabilities need"``.

    Attributes
    ----------
    array
        The array; only parts that were reserved may be touched.

    Raises
    ------
    OutputError
        If the temporary folder cannot be written to.
    """

    def __init__(self, shape: tuple[int, ...], *, what: str) -> None:
        self._what = what
        self._reserved: set[Part] = set()
        nbytes = math.prod(shape)
        try:
            self._file = tempfile.TemporaryFile(  # noqa: SIM115 - kept with the array
                prefix="garage-probabilities-"
            )
            # The map stays until its last array is gone.
            weakref.finalize(self, self._file.close)
            # Without contents: room is taken part by part.
            self._file.truncate(nbytes)
            self.array: NDArray[np.uint8] = np.memmap(
                self._file, np.uint8, mode="r+", shape=shape
            )
        except OSError as error:
            raise self._error(nbytes, error) from error

    def reserve(self, parts: Iterable[Part]) -> None:
        """Reserve the room of parts that are going to be touched.

        Parts that are reserved already keep what is in them.

        Raises
        ------
        OutputError
            If there is not enough; the message says how much is needed, and where.
        """
        new = [part for part in parts if part not in self._reserved]
        nbytes = sum(size for _, size in new)
        # Asked for first, so that a disk is not filled in vain.
        check_room(_folder(), nbytes, what=self._what, remedy=REMEDY)
        for part in new:
            try:
                reserve(self._file, *part)
            except OSError as error:
                raise self._error(nbytes, error) from error
            self._reserved.add(part)

    def _error(self, nbytes: int, error: OSError) -> OutputError:
        try:
            folder = _folder()
        except OSError:
            return OutputError(f"There is no temporary folder ({error}); {REMEDY}.")
        if is_lack_of_room(error):
            return lack_of_room(folder, nbytes, what=self._what, remedy=REMEDY)
        return OutputError(
            f"Nothing can be written to the temporary folder {folder} "
            f"({error.strerror or error}); {REMEDY}."
        )


def _folder() -> Path:
    return Path(tempfile.gettempdir())
