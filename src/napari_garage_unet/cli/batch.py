"""Many pictures, one after the other: a bad one is named, the others get done."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.engine.files.kinds import KIND_BY_SUFFIX
from napari_garage_unet.engine.files.origin import is_result
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.process.protocol.explain import explain_lack_of_memory

from .outputs import objects_path, probabilities_path, segmentation_paths
from .result_names import distinct_names
from .stop_signals import StopRequest
from .terminal import say

T = TypeVar("T")

SOME_FAILED = 3
"""Exit code when some pictures failed and the others are done."""

MAX_NAMED = 3
"""Files that one line names at most."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is to be segmented, and the files of its results.

    Parameters
    ----------
    path
        Its file.
    name
        What tables and reports call it; with folders where several are called alike.
    segmentation, probabilities, objects
        Files to write; None for what is not asked for.
    """

    path: Path
    name: str
    segmentation: Path
    probabilities: Path | None = None
    objects: Path | None = None

    @property
    def outputs(self) -> list[Path]:
        """All files that are written."""
        found = (self.segmentation, self.probabilities, self.objects)
        return [path for path in found if path is not None]


def plan_pictures(
    inputs: Sequence[Path], out: Path, *, probabilities: bool, objects: bool
) -> list[Picture]:
    """Return the pictures to segment, with the files of their results.

    Parameters
    ----------
    inputs
        Files of pictures.
    out
        See `segmentation_paths`.
    probabilities, objects
        Whether these are written, too.

    Raises
    ------
    GarageError
        See `segmentation_paths`.
    """
    paths = segmentation_paths(inputs, out)
    names = distinct_names(inputs)
    return [
        Picture(
            source,
            name,
            path,
            probabilities_path(path) if probabilities else None,
            objects_path(path) if objects else None,
        )
        for source, name, path in zip(inputs, names, paths, strict=True)
    ]


def without_results(
    paths: Sequence[Path], *, tables: Iterable[Path | None] = ()
) -> tuple[list[Path], list[Path]]:
    """Tell pictures from results of earlier runs that a wildcard has caught.

    Parameters
    ----------
    paths
        Files that were given as pictures.
    tables
        The table and the report that are to be written; one of an earlier run, which
        is no kind of picture, is left out.

    Returns
    -------
    pictures
        What is to be segmented: all of them where there are nothing but results,
        because a person means them then.
    results
        What is left out.
    """
    old = {
        path.resolve()
        for path in tables
        if path is not None and path.suffix.lower() not in KIND_BY_SUFFIX
    }
    results = [path for path in paths if path.resolve() in old or is_result(path)]
    if len(results) == len(paths):
        return list(paths), []
    return [path for path in paths if path not in results], results


def name_some(paths: Sequence[Path]) -> str:
    """Return the names of a few files, and how many more there are."""
    named = ", ".join(path.name for path in paths[:MAX_NAMED])
    more = len(paths) - MAX_NAMED
    return f"{named} and {more} more" if more > 0 else named


@dataclass(frozen=True, slots=True)
class Failure:
    """A picture that could not be segmented.

    Parameters
    ----------
    picture
        The picture.
    reason
        A sentence.
    error
        What was raised.
    """

    picture: Picture
    reason: str
    error: Exception


@dataclass(slots=True)
class Batch:
    """What has become of the pictures.

    Parameters
    ----------
    pictures
        All of them.

    Attributes
    ----------
    done
        JSON description of the results of each picture that is done.
    failed
        The others that were tried.
    """

    pictures: Sequence[Picture]
    done: list[dict[str, Any]] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)

    def run(
        self,
        *,
        read: Callable[[Path], Image],
        start: Callable[[], object],
        segment: Callable[[Picture, Image], dict[str, Any]],
        stop: StopRequest,
    ) -> None:
        """Segment picture after picture, until all were tried or a stop is asked for.

        One picture is in memory at a time. What `read` and `segment` raise is about
        that picture alone.

        Parameters
        ----------
        read
            Reads a picture.
        start
            Called once there is a picture that can be read; what it raises is about
            all of them.
        segment
            Segments a picture, writes its files and describes them as JSON values.
        stop
            May interrupt each of them.
        """
        try:
            for picture in self.pictures:
                if stop:
                    return
                image = self._try(picture, partial(read, picture.path))
                if image is None:
                    continue
                start()
                described = self._try(picture, partial(segment, picture, image))
                # The next one is read when this one is gone.
                del image
                if described is not None:
                    self.done.append(described)
        except KeyboardInterrupt:
            if not stop:
                raise

    @property
    def not_tried(self) -> list[Picture]:
        """The pictures that were left when it was stopped."""
        return list(self.pictures[len(self.done) + len(self.failed) :])

    @property
    def exit_code(self) -> int:
        """0, or `SOME_FAILED`, or 2 if none is done; stopping has its own codes."""
        if not self.failed:
            return 0
        return SOME_FAILED if self.done else 2

    @property
    def only_error(self) -> Exception | None:
        """What was raised where there was one picture, and that failed."""
        if len(self.pictures) == len(self.failed) == 1:
            return self.failed[0].error
        return None

    def to_json(self) -> dict[str, Any]:
        """Describe what is done, what failed and what was not tried."""
        return {
            "results": self.done,
            "failed": [
                {
                    "input": failure.picture.name,
                    "path": str(failure.picture.path),
                    "reason": failure.reason,
                }
                for failure in self.failed
            ],
            "not_tried": [str(picture.path) for picture in self.not_tried],
        }

    def say_end(self, stop: StopRequest) -> None:
        """Say on standard error how many are done, unless all of them are."""
        n, n_done, n_failed = len(self.pictures), len(self.done), len(self.failed)
        if stop and self.not_tried:
            _warn(f"Stopped by {stop.by}; {n_done} of {n} images are done.")
        elif n_failed == n > 1:
            _warn(f"None of the {n} images could be segmented.")
        elif n_failed and n > 1:
            _warn(f"{n_failed} of {n} images could not be segmented; the others are.")

    def _try(self, picture: Picture, action: Callable[[], T]) -> T | None:
        """Do something with a picture; None if that fails."""
        try:
            return action()
        except Exception as error:  # noqa: BLE001 - the others can do without
            self._fail(picture, error)
            return None

    def _fail(self, picture: Picture, error: Exception) -> None:
        lack = explain_lack_of_memory(error)
        reason = lack or str(error).strip() or type(error).__name__
        is_expected = bool(lack) or isinstance(error, GarageError)
        if not is_expected:
            reason = f"an unexpected error: {type(error).__name__}: {reason}"
        self.failed.append(Failure(picture, reason, error))
        if len(self.pictures) == 1:
            return  # it is the error of the command
        if not is_expected:
            say("".join(traceback.format_exception(error)), err=True)
        _warn(f"{picture.path} could not be segmented: {reason}")
        # The frames of the error hold the arrays of the picture.
        error.__traceback__ = None
        error.__context__ = error.__cause__ = None


def say_left_out(results: Iterable[Path]) -> None:
    """Say on standard error which files are not segmented because we made them."""
    paths = list(results)
    if paths:
        _warn(f"Results of an earlier run are left out: {name_some(paths)}.")


def _warn(text: str) -> None:
    say(f"garage-unet: {' '.join(text.split())}", err=True)
