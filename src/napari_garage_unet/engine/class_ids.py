"""Which numbers can be class ids."""

from __future__ import annotations

from collections.abc import Iterable

from .errors import InputError

MAX_CLASS_ID = 65535
"""Largest class id: labels are written with 8 or 16 bits."""


CLASS_IDS_SENTENCE = (
    f"class ids are whole numbers from 1 to {MAX_CLASS_ID}, and 0 means unlabelled"
)
"""What error messages say about ids that are out of the limits."""


def check_class_ids(ids: Iterable[int], *, of: str) -> None:
    """Check that numbers can be class ids.

    Parameters
    ----------
    ids
        The numbers; 0, which stands for unlabelled, is none.
    of
        What has them, as the beginning of a sentence: "The strokes of a.tif hold".

    Raises
    ------
    InputError
        If one is below 1 or above `MAX_CLASS_ID`.
    """
    for class_id in ids:
        if not 1 <= class_id <= MAX_CLASS_ID:
            raise InputError(f"{of} the id {class_id}; {CLASS_IDS_SENTENCE}.")
