"""Saved projects of images that are open."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.project.description import (
    SavedImage,
    SavedProject,
    read_project,
)
from napari_garage_unet.project.folders import ProjectFolder, saved_projects
from napari_garage_unet.project.tiles import TILE_SUFFIX, read_tiles

from .fingerprint import FINGERPRINT_SEPARATOR, Fingerprint

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MatchingImage:
    """A saved image, and the open layers that are its channels."""

    saved: SavedImage
    layers: tuple[ImageLayer, ...]


@dataclass(frozen=True, slots=True)
class RecoverableProject:
    """A saved project that can be restored.

    Parameters
    ----------
    folder
        Its folder.
    project
        Its description.
    matches
        Those of its images that are open.
    """

    folder: Path
    project: SavedProject
    matches: tuple[MatchingImage, ...]

    @property
    def text(self) -> str:
        """What was saved and when, in a sentence."""
        names = list(dict.fromkeys(each.saved.name for each in self.matches))
        when = moment(max(each.saved.painted for each in self.matches))
        said = f"Strokes painted on {_listed(names)} {when} were saved."
        others = list(
            dict.fromkeys(
                f"{each.layers[0].name!r} in place of {each.saved.name!r}"
                for each in self.matches
                if each.layers[0].name != each.saved.name
            )
        )
        if others:
            said += (
                f" They would go onto {_listed(others)}, which looks the same where it "
                "was compared; look whether it is the same picture."
            )
        return said


def _listed(names: Sequence[str]) -> str:
    """Return names as in a sentence: ``"a, b and c"``."""
    return " and ".join(n for n in (", ".join(names[:-1]), names[-1]) if n)


def moment(seconds: float, *, now: float | None = None) -> str:
    """Return a time in words: ``"at 14:32"`` today, else with the day.

    Parameters
    ----------
    seconds, now
        Seconds since the epoch; None is the present.
    """
    then = time.localtime(seconds)
    today = time.localtime(time.time() if now is None else now)
    if then[:3] == today[:3]:
        return time.strftime("at %H:%M", then)
    day = f"{then.tm_mday} {time.strftime('%b', then)}"
    year = f" {then.tm_year}" if then.tm_year != today.tm_year else ""
    return f"on {day}{year} at {time.strftime('%H:%M', then)}"


@dataclass(frozen=True, slots=True)
class CandidateImage:
    """An image layer that is open, and what is painted on it.

    Parameters
    ----------
    layer
        The layer.
    fingerprint
        Its fingerprint.
    strokes
        Its strokes as last looked at; None where nothing is painted.
    """

    layer: ImageLayer
    fingerprint: Fingerprint
    strokes: NDArray[Any] | None = None


def find_recoverable(
    root: Path,
    images: Sequence[CandidateImage],
    *,
    new: frozenset[str],
    skip: frozenset[Path] = frozenset(),
) -> list[RecoverableProject]:
    """Look through the saved projects for the images that are open.

    It may run in a thread. Folders that cannot be read, or that belong to a running
    session, are passed over.

    Parameters
    ----------
    root
        The folder of the projects.
    images
        All image layers that are open.
    new
        Texts of the fingerprints to look for, of both versions; each is found once, in
        the project that was saved last.
    skip
        Folders that are not looked into.

    Returns
    -------
    list of RecoverableProject
        The latest saved first.
    """
    wanted = set(new)
    recoverable = []
    for folder in saved_projects(root):
        if not wanted:
            break
        if folder.path in skip or not folder.description.is_file():
            continue
        try:
            project = read_project(folder.description)
        except InputError as error:
            logger.info("A saved project is passed over: %s", error)
            continue
        found = _matching(folder, project, images, wanted)
        if not found or not folder.lock():
            continue
        folder.release()
        for each in found:
            wanted -= set(each.saved.fingerprint.split(FINGERPRINT_SEPARATOR))
        recoverable.append(RecoverableProject(folder.path, project, tuple(found)))
    return recoverable


def without(project: SavedProject, images: Sequence[SavedImage]) -> SavedProject:
    """Return a project without some of its images and their earlier strokes."""
    gone = {image.fingerprint for image in images}
    return dataclasses.replace(
        project,
        images=tuple(
            image for image in project.images if image.fingerprint not in gone
        ),
    )


def _matching(
    folder: ProjectFolder,
    project: SavedProject,
    images: Sequence[CandidateImage],
    wanted: set[str],
) -> list[MatchingImage]:
    # One for each shape: where the axes were taken for something else meanwhile, both
    # have strokes.
    latest: dict[tuple[str, tuple[int, ...]], SavedImage] = {}
    for saved in sorted(project.images, key=lambda image: image.painted):
        if any(folder.strokes(saved.strokes).glob(f"*{TILE_SUFFIX}")):
            latest[saved.fingerprint, saved.strokes_shape] = saved
    found = []
    for saved in latest.values():
        prints = saved.fingerprint.split(FINGERPRINT_SEPARATOR)
        layers = _layers(prints, saved.name, images)
        if layers is None or not wanted & set(prints):
            continue
        if not project.versions and _is_there(folder, saved, layers[0]):
            continue
        found.append(MatchingImage(saved, tuple(image.layer for image in layers)))
    return found


def _layers(
    prints: Sequence[str], name: str, images: Sequence[CandidateImage]
) -> list[CandidateImage] | None:
    chosen = []
    for one in prints:
        same = [
            image
            for image in images
            if one in (image.fingerprint.text, image.fingerprint.earlier)
        ]
        if not same:
            return None
        chosen.append(next((i for i in same if i.layer.name == name), same[0]))
    return chosen


def _is_there(folder: ProjectFolder, saved: SavedImage, image: CandidateImage) -> bool:
    """Whether exactly these strokes are open already."""
    if image.strokes is None or image.strokes.shape != saved.strokes_shape:
        return False
    strokes, _ = read_tiles(
        folder.strokes(saved.strokes), saved.strokes_shape, saved.strokes_dtype
    )
    return np.array_equal(strokes, image.strokes)
