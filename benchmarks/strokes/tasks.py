"""The tasks on which methods are compared, and where their pictures lie.

Settings were chosen on the five of `TASKS`. `OTHER_TASKS` tell whether it was the
method or the pictures that were tuned: nothing was chosen on their pictures, except on
those of the river, which are the flood's the other way round.

The photographs of the garage come with scikit-image; everything else is read from
`../shared/data` beside the project. A picture's truth speaks the language of
strokes: class ids from 1, and 0 where the source says "ignore".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage import data
from skimage.io import imread

DATA_FOLDER = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
IGNORE = 255


@dataclass(frozen=True, slots=True)
class Picture:
    """An image and what is in it.

    Parameters
    ----------
    name : str
        Stem of the source file.
    image : (H, W) or (H, W, C) uint8
        The pixels.
    truth : (H, W) uint8
        Class ids from 1; 0 = not labelled, never scored.
    """

    name: str
    image: NDArray[np.uint8]
    truth: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Task:
    """Pictures to paint on, and pictures to test on.

    Parameters
    ----------
    name : str
        Name of the task, as on the command line.
    stroked : tuple of Picture
        The person paints on these; their unstroked pixels are scored as "same".
    new : tuple of Picture
        Seen only by the finished method, scored as "new".
    """

    name: str
    stroked: tuple[Picture, ...]
    new: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    folder: str
    stroked: tuple[str, ...]
    new: tuple[str, ...]


_SOURCES = {
    "garage": _Source("garage_motorcycle", ("garage_left",), ("garage_right",)),
    "membrane": _Source("isbi2012_em", ("z00",), ("z06", "z12", "z18")),
    "nuclei": _Source(
        "dsb2018_fluo",
        ("3a3fee427e6ef7df", "4a424e0cb845cf6f"),
        ("f73e37957c74f554", "8fdc34509a0c3721", "751f421d322940d6"),
    ),
    "tools": _Source(
        "tools_workbench",
        ("bench_20231102150515",),
        ("bench_20231102150520", "bench_20231102150534"),
    ),
    "flood": _Source("flood_sen1", ("Nigeria_812045",), ("Pakistan_849790",)),
}
TASKS = tuple(_SOURCES)

_OTHER_SOURCES = {
    "sections": _Source("isbi2012_em", ("z12",), ("z02", "z05")),
    "plates": _Source(
        "dsb2018_fluo",
        ("07fb37aafa662660",),
        ("547ef286ee5f4e5d", "1c8b905c9519061d"),
    ),
    "dim": _Source(
        "dsb2018_fluo",
        ("02903040e19ddf92",),
        ("2869fad54664677e", "4c032609d377bd98"),
    ),
    "workbench": _Source(
        "tools_workbench",
        ("bench_20231102150723",),
        ("bench_20231102150710",),
    ),
    "river": _Source("flood_sen1", ("Pakistan_849790",), ("Nigeria_812045",)),
}
OTHER_TASKS = tuple(_OTHER_SOURCES)


def load_task(name: str, *, folder: Path = DATA_FOLDER) -> Task:
    """Read a task's pictures.

    Parameters
    ----------
    name : str
        One of `TASKS` or `OTHER_TASKS`.
    folder : pathlib.Path, optional
        The folder of the data sets.

    Returns
    -------
    Task
        Images and truths in memory.

    Raises
    ------
    FileNotFoundError
        If the folder of the data sets, or a file in it, is absent.
    """
    require_data(folder)
    source = (_SOURCES | _OTHER_SOURCES)[name]

    def load(stem: str) -> Picture:
        image = _garage(stem) if name == "garage" else _read(folder, source, stem)
        mask = imread(folder / source.folder / "masks" / f"{stem}.png")
        return Picture(name=stem, image=image, truth=as_truth(mask))

    return Task(
        name=name,
        stroked=tuple(load(stem) for stem in source.stroked),
        new=tuple(load(stem) for stem in source.new),
    )


def load_more(
    task: str, stems: Sequence[str], *, folder: Path = DATA_FOLDER
) -> tuple[Picture, ...]:
    """Read further pictures of the data set that a task is made from."""
    source = (_SOURCES | _OTHER_SOURCES)[task]
    return tuple(
        Picture(
            name=stem,
            image=_read(folder, source, stem),
            truth=as_truth(imread(folder / source.folder / "masks" / f"{stem}.png")),
        )
        for stem in stems
    )


def require_data(folder: Path = DATA_FOLDER) -> None:
    """Raise `FileNotFoundError` with one clear sentence when the data is absent."""
    if not folder.is_dir():
        raise FileNotFoundError(
            "The benchmarks need the pictures and masks in ../shared/data beside the "
            "project, and that folder is absent: put it there and start again."
        )


def as_truth(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn a mask with classes from 0 and 255 = ignore into ids from 1 and 0."""
    return np.where(mask == IGNORE, 0, mask + np.uint8(1)).astype(np.uint8)


def _read(folder: Path, source: _Source, stem: str) -> NDArray[np.uint8]:
    image: NDArray[np.uint8] = imread(folder / source.folder / "images" / f"{stem}.png")
    return image


def _garage(stem: str) -> NDArray[np.uint8]:
    left, right, _ = data.stereo_motorcycle()
    image: NDArray[np.uint8] = {"garage_left": left, "garage_right": right}[stem]
    return image
