"""The models that images can be segmented with: the live one, and model files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psygnal import Signal

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import GarageError, InputError
from napari_garage_unet.engine.images.image import Image, count_channels
from napari_garage_unet.engine.labels.presets import presets_from_json, presets_to_json
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.models.loading import read_info
from napari_garage_unet.engine.models.made_for import UNKNOWN, MadeFor
from napari_garage_unet.engine.settings import from_json, to_json
from napari_garage_unet.process.protocol.messages import LIVE, Event, Failed, ModelReady
from napari_garage_unet.session.classes.class_list import ClassList
from napari_garage_unet.session.connection.engine_link import EngineLink
from napari_garage_unet.session.results.result_list import ResultList
from napari_garage_unet.session.training.live_model import LiveModelStore
from napari_garage_unet.session.training.training_job import TrainingJob

SUFFIX = ".garage"
"""Suffix a model file gets where none is given."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that can be chosen.

    Parameters
    ----------
    key
        `LIVE`, or the path of its file.
    title
        Its name in lists.
    classes
        In the order of the rows of its probabilities.
    n_channels
        Channels an image must have; None where only the engine knows.
    axes
        Axes of the images it learnt from; empty where only the engine knows.
    made_for
        What else is known of them.
    """

    key: str
    title: str
    classes: tuple[ClassInfo, ...]
    n_channels: int | None = None
    axes: str = ""
    made_for: MadeFor = UNKNOWN

    def differences(self, image: Image) -> tuple[str, ...]:
        """Say how an image differs from those that the model learnt from."""
        return self.made_for.differences(image, axes=self.axes)

    def check(self, image: Image) -> None:
        """Raise `InputError` unless an image has as many channels as the model."""
        if self.n_channels is not None and image.n_channels != self.n_channels:
            axes = f" (axes {image.axes}, {image.axes_source})"
            cure = ", or say with Axes in the dock Train U-Net what its axes are"
            is_plain = image.axes == "yx"
            raise InputError(
                f"{image.name} has {count_channels(image.n_channels)}"
                f"{'' if is_plain else axes} but the model {self.title} was trained on "
                f"{count_channels(self.n_channels)}; choose an image like the ones it "
                f"was trained on{'' if is_plain else cure}."
            )


class ModelList:
    """The models that can be chosen; loads and saves them.

    Parameters
    ----------
    link
        The connection to the engine process.
    job
        The training of the live model.
    live
        Holds the live model.
    results
        Has the rules and presets of each model.
    classes
        The classes with their present names and colours.

    Attributes
    ----------
    changed
        Another set of models can be chosen, or one has another title.
    saved
        A model was written; emitted with the path.
    failed
        A model could not be read or written; emitted with `Failed`.
    """

    changed = Signal()
    saved = Signal(str)
    failed = Signal(Failed)

    def __init__(
        self,
        *,
        link: EngineLink,
        job: TrainingJob,
        live: LiveModelStore,
        results: ResultList,
        classes: ClassList,
    ) -> None:
        self._link = link
        self._job = job
        self._live = live
        self._results = results
        self._classes = classes
        self._files: dict[str, ModelEntry] = {}
        live.changed.connect(self._on_live)

    def __iter__(self) -> Iterator[ModelEntry]:
        if self._live.now.has_model:
            yield self._live_entry()
        yield from self._files.values()

    def __len__(self) -> int:
        return len(list(iter(self)))

    def by_key(self, key: str) -> ModelEntry | None:
        """Return the model with a key."""
        return next((entry for entry in self if entry.key == key), None)

    def file_of(self, key: str) -> Path:
        """Return the model's file; of the live model its checkpoint."""
        return self._job.checkpoint if key == LIVE else Path(key)

    def load(self, path: str | Path) -> ModelEntry:
        """Read the description in a model file and have the engine load the file.

        Raises
        ------
        ModelFileError
            If the file is missing, damaged or of another kind.
        """
        key = str(Path(path).expanduser().resolve())
        info = read_info(key)
        entry = _entry(key, info)
        self._files[key] = entry
        presets = presets_from_json(info.get("presets", {}))
        self._results.set_rules_of(key, _rules(info), presets)
        self._link.engine.load_model(key, on_answer=self._on_loaded)
        self.changed.emit()
        return entry

    def reload(self) -> None:
        """Have an engine process that was started again load the files."""
        for key in self._files:
            self._link.engine.load_model(key, on_answer=self._on_loaded)

    def save(self, key: str, path: str | Path) -> None:
        """Write a model with its present rules and presets.

        Raises
        ------
        InputError
            If there is no such model.
        """
        entry = self.by_key(key)
        if entry is None:
            raise InputError("There is no model to save yet; press Learn first.")
        path = Path(path).expanduser().resolve()
        if not path.suffix:
            path = path.with_suffix(SUFFIX)
        ids = {info.id for info in entry.classes}
        tuned = self._results.rules_of(key)
        rules = {i: rule for i, rule in tuned.items() if i in ids}
        presets = {
            name: {i: rule for i, rule in saved.items() if i in ids}
            for name, saved in self._results.presets_of(key).items()
        }
        self._link.engine.save_model(
            key,
            str(path),
            rules={str(i): rule.to_json() for i, rule in rules.items()},
            presets=presets_to_json(presets),
            # A file keeps the names of its classes; the live model gets the present
            # ones.
            classes=[to_json(info) for info in self._classes] if key == LIVE else [],
            on_answer=self._on_saved,
        )

    def _live_entry(self) -> ModelEntry:
        live = self._live.now
        return ModelEntry(
            LIVE,
            self._live_title(),
            live.classes,
            axes=live.axes,
            made_for=live.made_for,
        )

    def _live_title(self) -> str:
        return "being trained" if self._live.now.is_running else "just trained"

    def _on_loaded(self, event: Event) -> None:
        if isinstance(event, Failed):
            self.failed.emit(event)

    def _on_saved(self, event: Event) -> None:
        if isinstance(event, ModelReady):
            self.saved.emit(event.key)
        elif isinstance(event, Failed):
            self.failed.emit(event)

    def _on_live(self) -> None:
        self.changed.emit()


def _entry(key: str, info: dict[str, Any]) -> ModelEntry:
    try:
        classes = tuple(from_json(ClassInfo, c) for c in info["classes"])
        n_channels = int(info["n_channels"])
        axes = str(info.get("axes", ""))
        made_for = MadeFor.from_json(info.get("made_for", {}))
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(key, error) from error
    return ModelEntry(key, Path(key).stem, classes, n_channels, axes, made_for)


def _rules(info: dict[str, Any]) -> dict[int, ClassRule]:
    return {
        int(i): ClassRule.from_json(rule) for i, rule in info.get("rules", {}).items()
    }


def _unreadable(key: str, error: Exception) -> GarageError:
    return InputError(
        f"{key} describes its model in a way that cannot be read: {error}"
    )
