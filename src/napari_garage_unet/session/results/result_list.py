"""All results of a session that can be tuned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from psygnal import Signal

from napari_garage_unet.engine.images.image import PlaneIndex
from napari_garage_unet.engine.labels.presets import Presets
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.layers.colors import class_features, recolor, result_colormap
from napari_garage_unet.process.protocol.messages import LIVE
from napari_garage_unet.session.classes.class_list import ClassList
from napari_garage_unet.session.images.annotated_image import AnnotatedImage

from .result import Result

_NONE: Presets = {}


class ResultList:
    """Results whose layers are in the viewer, and the rules of each model.

    Rules tuned on a result become those of its model: what the model makes next
    starts with them, and they are saved with it.

    Parameters
    ----------
    viewer
        A `ViewerModel`.

    Attributes
    ----------
    changed
        A result was added or its layer was deleted.
    removed
        The layer of a result was deleted; emitted with the `Result`.
    rules_replaced
        A model has other rules and presets than it was tuned to, such as those of its
        file; emitted with its key.
    """

    changed = Signal()
    removed = Signal(object)
    rules_replaced = Signal(str)

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._results: list[Result] = []
        self._rules: dict[str, dict[int, ClassRule]] = {}
        self._presets: dict[str, dict[str, dict[int, ClassRule]]] = {}
        viewer.layers.events.removed.connect(self._on_removed)

    def __iter__(self) -> Iterator[Result]:
        return iter(tuple(self._results))

    def __len__(self) -> int:
        return len(self._results)

    def preview_of(self, annotated: AnnotatedImage) -> Result | None:
        """The live preview of an image."""
        return next(
            (r for r in self._results if r.is_preview and r.annotated is annotated),
            None,
        )

    def of_image(self, layer: Any) -> Result | None:
        """Return the newest segmentation of an Image layer."""
        return next(
            (
                r
                for r in self._results
                if layer in r.annotated.layers and not r.is_preview
            ),
            None,
        )

    def of_layer(self, layer: Any) -> Result | None:
        """The result that a layer shows."""
        return next((r for r in self._results if r.layer is layer), None)

    def of_model(self, model: str) -> tuple[Result, ...]:
        """Everything a model has made."""
        return tuple(r for r in self._results if r.model == model)

    def add(self, result: Result) -> None:
        """List a result, the newest first."""
        self._results.insert(0, result)
        self.changed.emit()

    def rules_of(self, model: str) -> dict[int, ClassRule]:
        """The rules of a model, by class id."""
        return dict(self._rules.get(model, {}))

    def presets_of(self, model: str) -> dict[str, dict[int, ClassRule]]:
        """The presets of a model: rules by class id, by name."""
        return dict(self._presets.get(model, {}))

    def set_presets_of(self, model: str, presets: Presets) -> None:
        """Give a model presets."""
        self._presets[model] = {name: dict(rules) for name, rules in presets.items()}

    def set_rules_of(
        self, model: str, rules: Mapping[int, ClassRule], presets: Presets = _NONE
    ) -> None:
        """Give a model rules and presets without touching results that are there."""
        self._rules[model] = dict(rules)
        self.set_presets_of(model, presets)
        self.rules_replaced.emit(model)

    def tune(
        self,
        result: Result,
        index: PlaneIndex,
        class_id: int,
        rule: ClassRule,
        *,
        step: int = 1,
    ) -> None:
        """Tune a class of a result, and with it its model; one plane shows it.

        Other planes, and other results of the model, stay undecided.
        """
        result.tune(index, class_id, rule, step=step)
        for other in self.of_model(result.model):
            if other is not result and class_id in other.class_ids:
                other.set_rules({**other.rules, class_id: rule})
        self._rules.setdefault(result.model, {})[class_id] = rule

    def set_rules(self, result: Result, rules: Mapping[int, ClassRule]) -> None:
        """Give a result and its model these rules; all planes stay undecided."""
        for each in self.of_model(result.model):
            each.set_rules(rules)
        self._rules[result.model] = dict(rules)

    def follow(self, classes: ClassList) -> None:
        """Show what the live model makes with the session's names and colours."""
        for result in self._results:
            if result.model == LIVE:
                recolor(result.layer, result_colormap(classes))
                result.layer.features = class_features(classes)
                result.rename_classes(classes)
        self.changed.emit()

    def close(self) -> None:
        """Let go of the layers."""
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._results.clear()

    def _on_removed(self, event: Any) -> None:
        result = self.of_layer(event.value)
        if result is not None:
            self._results.remove(result)
            self.removed.emit(result)
            self.changed.emit()
