"""Names of results that stay apart where pictures of several folders have one name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def stem(path: Path) -> str:
    """Return the name of a file without ``.tif``, ``.ome.tif`` or another suffix."""
    return path.stem.removesuffix(".ome")


def distinct_stems(paths: Sequence[Path]) -> list[str]:
    """Return what the names of results begin with.

    Parameters
    ----------
    paths
        Files of pictures.

    Returns
    -------
    list of str
        ``img`` for ``a/img.tif``; if there is a ``b/img.tif``, ``a_img`` and ``b_img``,
        and if there is an ``a/img.ome.tif``, ``img_tif`` and ``img_ome_tif``. Only a
        file that is given twice has the same twice.
    """
    stems = [stem(path) for path in paths]
    for group in _alike(stems):
        members = [paths[i] for i in group]
        folders = _tails(members)
        several = len(set(map(_folder, members))) < len(members)
        for i, folder in zip(group, folders, strict=True):
            suffixes = paths[i].name.removeprefix(stems[i]).removeprefix(".")
            kind = suffixes.replace(".", "_") if several else ""
            stems[i] = "_".join([*folder, stems[i], *([kind] if kind else [])])
    return stems


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """Return names of pictures, with as many folders in front as tell them apart."""
    names = [path.name for path in paths]
    for group in _alike(names):
        folders = _tails([paths[i] for i in group])
        for i, folder in zip(group, folders, strict=True):
            names[i] = "/".join([*folder, names[i]])
    return names


def _alike(names: Sequence[str]) -> list[list[int]]:
    """Return the positions of names that are the same on some system."""
    groups: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        # macOS and Windows do not tell A.tif from a.tif.
        groups.setdefault(name.casefold(), []).append(i)
    return [group for group in groups.values() if len(group) > 1]


def _folder(path: Path) -> tuple[str, ...]:
    """Return the names of all folders above a file, without the root."""
    folder = Path(os.path.abspath(path)).parent
    return folder.parts[1:] if folder.anchor else folder.parts


def _tails(paths: Sequence[Path]) -> list[tuple[str, ...]]:
    """Return as many last folders of each path as tell them all apart."""
    folders = [_folder(path) for path in paths]
    n_folders = len(set(folders))
    for depth in range(max(map(len, folders)) + 1):
        tails = [folder[len(folder) - depth :] if depth else () for folder in folders]
        if len({tuple(map(str.casefold, tail)) for tail in tails}) == n_folders:
            return tails
    return folders
