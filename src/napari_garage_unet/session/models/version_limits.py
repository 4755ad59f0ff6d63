"""How many versions are kept, and which of them go first."""

from __future__ import annotations

from collections.abc import Sequence

from napari_garage_unet.project.description import SavedVersion

MAX_VERSIONS = 50
"""Versions that are kept at most; see `dispensable`."""

MAX_VERSIONS_BYTES = 300_000_000
"""Bytes that their files may take together."""


def dispensable(
    versions: Sequence[SavedVersion], sizes: Sequence[int], *, current: str
) -> list[SavedVersion]:
    """Return the versions to drop: the oldest, when there are too many bytes or files.

    The one with the highest accuracy on held-out strokes, the live one and the newest
    always stay.

    Parameters
    ----------
    versions
        The oldest first.
    sizes
        Bytes of their files.
    current
        Id of the version the live model is.
    """
    checked = [v for v in versions if v.accuracy is not None]
    best = max(checked, key=lambda v: (v.accuracy, v.time)).id if checked else ""
    newest = versions[-1].id if versions else ""
    number, total = len(versions), sum(sizes)
    dropped = []
    for version, size in zip(versions, sizes, strict=True):
        if number <= MAX_VERSIONS and total <= MAX_VERSIONS_BYTES:
            break
        if version.id not in (best, current, newest):
            dropped.append(version)
            number, total = number - 1, total - size
    return dropped
