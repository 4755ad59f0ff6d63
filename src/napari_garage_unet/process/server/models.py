"""The model cache of the engine process: the live model and some from files."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.inference.predictor import Predictor
from napari_garage_unet.engine.labels.presets import presets_from_json
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.models.loading import load_model
from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.settings import from_json
from napari_garage_unet.process.protocol.messages import LIVE, SaveModel

MAX_LOADED_MODELS = 3
"""Models from files that are kept in memory."""


@dataclass(frozen=True, slots=True)
class Source:
    """What computes the probabilities of a model.

    Parameters
    ----------
    predictor
        Computes them.
    classes
        Class ids in the order of its outputs.
    step
        State of the live model; 0 for a model file.
    strokes
        Id of the `SetStrokes` request with the newest strokes that were learnt; 0 for
        a model file.
    """

    predictor: Predictor
    classes: tuple[int, ...]
    step: int = 0
    strokes: int = 0


@dataclass(frozen=True, slots=True)
class ModelInUse:
    """The live model as the engine holds it: what computes with it, and a copy of it.

    The session has its own `LiveModel`, which describes this one to a person.

    Parameters
    ----------
    source
        Computes its probabilities.
    snapshot
        Returns a copy of the model.
    """

    source: Source
    snapshot: Callable[[], Model]


class ModelCache:
    """Models by key: `LIVE`, or the path of a file.

    Attributes
    ----------
    live
        The model that is being trained, or was trained or taken from a file last; None
        before any.
    """

    def __init__(self) -> None:
        self.live: ModelInUse | None = None
        self._loaded: OrderedDict[str, Model] = OrderedDict()

    def load(self, path: str) -> Model:
        """Read a model file, again if it is loaded already.

        Raises
        ------
        ModelFileError
            If it is missing, damaged or no model.
        """
        self._loaded.pop(path, None)
        self._loaded[path] = model = load_model(path)
        while len(self._loaded) > MAX_LOADED_MODELS:
            self._loaded.popitem(last=False)
        return model

    def use(self, path: str, step: int) -> Model:
        """Make a model file the live model.

        Parameters
        ----------
        path
            The file.
        step
            The step that its predictions carry.

        Raises
        ------
        ModelFileError
            If it is missing, damaged or no model; the live model stays.
        """
        model = load_model(path)
        source = Source(model.predictor, model.class_ids, step)
        self.live = ModelInUse(source, lambda: model)
        return model

    def model(self, key: str) -> Model:
        """Return a model, from its file if it is not in memory.

        Raises
        ------
        InputError
            If there is no live model yet.
        ModelFileError
            If the file is missing, damaged or no model.
        """
        if key == LIVE:
            return self._live().snapshot()
        if key not in self._loaded:
            return self.load(key)
        self._loaded.move_to_end(key)
        return self._loaded[key]

    def source(self, key: str) -> Source:
        """Return what computes the probabilities of a model.

        Raises
        ------
        InputError
            If there is no live model yet.
        ModelFileError
            If the file is missing, damaged or no model.
        """
        if key == LIVE:
            return self._live().source
        model = self.model(key)
        return Source(model.predictor, model.class_ids)

    def save(self, request: SaveModel) -> Model:
        """Write a model to a file, with the rules, presets and classes of the request.

        Raises
        ------
        InputError
            If there is no live model yet, or the rules are not for its classes.
        OutputError
            If the file cannot be written.
        """
        model = self.model(request.model)
        if request.rules is not None:
            rules = request.rules.items()
            model = model.with_rules({int(i): ClassRule.from_json(r) for i, r in rules})
        if request.presets is not None:
            model = model.with_presets(presets_from_json(request.presets))
        if request.classes:
            classes = [from_json(ClassInfo, c) for c in request.classes]
            model = model.with_classes(classes)
        model.save(request.path)
        self._loaded.pop(request.path, None)
        return model

    def _live(self) -> ModelInUse:
        if self.live is None:
            raise InputError("Nothing has been learnt yet; press Train first.")
        return self.live
