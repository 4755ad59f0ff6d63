"""All results that can be tuned, and the rules of each model."""

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

    Rules tuned on a result become those of its model: its next results start with
    them, and they are saved with it.

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
        The rules and presets of a model were replaced by others, such as those of its
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
        """Return the live preview of an image; None where there is none."""
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
        """Return the result that a layer shows; None where it shows none."""
        return next((r for r in self._results if r.layer is layer), None)

    def of_model(self, model: str) -> tuple[Result, ...]:
        """Return all results of a model."""
        return tuple(r for r in self._results if r.model == model)

    def add(self, result: Result) -> None:
        """Add a result as the newest, which comes first."""
        self._results.insert(0, result)
        self.changed.emit()

    def forget(self, annotated: AnnotatedImage) -> None:
        """Drop the results of an image that has become another one.

        Previews are deleted; segmentations stay in the viewer but cannot be tuned.
        """
        for result in [r for r in self._results if r.annotated is annotated]:
            if result.is_preview:
                # `_on_removed` drops it.
                self._viewer.layers.remove(result.layer)
            else:
                self._results.remove(result)
                self.removed.emit(result)
        self.changed.emit()

    def drop_preview(self, annotated: AnnotatedImage) -> None:
        """Delete the live preview of an image that has become another one."""
        preview = self.preview_of(annotated)
        if preview is not None:
            # `_on_removed` drops it.
            self._viewer.layers.remove(preview.layer)

    def rules_of(self, model: str) -> dict[int, ClassRule]:
        """Return the rules of a model, by class id."""
        return dict(self._rules.get(model, {}))

    def presets_of(self, model: str) -> dict[str, dict[int, ClassRule]]:
        """Return the presets of a model: rules by class id, by name."""
        return dict(self._presets.get(model, {}))

    def set_presets_of(self, model: str, presets: Presets) -> None:
        """Replace the presets of a model."""
        self._presets[model] = {name: dict(rules) for name, rules in presets.items()}

    def set_rules_of(
        self, model: str, rules: Mapping[int, ClassRule], presets: Presets = _NONE
    ) -> None:
        """Replace the rules and presets of a model; results that exist stay."""
        self._rules[model] = dict(rules)
        self.set_presets_of(model, presets)
        self.rules_replaced.emit(model)

    def drop_class(
        self, model: str, class_id: int
    ) -> tuple[ClassRule | None, dict[str, ClassRule]]:
        """Drop the rules of a class of a model, in use and in presets.

        Returns
        -------
        rule
            The rule in use; None if it had none.
        in_presets
            Its rules by the name of the preset.
        """
        rules, presets = self.rules_of(model), self.presets_of(model)
        rule = rules.pop(class_id, None)
        in_presets = {
            name: saved[class_id]
            for name, saved in presets.items()
            if class_id in saved
        }
        if rule is not None or in_presets:
            kept = {
                name: {i: r for i, r in saved.items() if i != class_id}
                for name, saved in presets.items()
            }
            self.set_rules_of(model, rules, kept)
        return rule, in_presets

    def restore_class(
        self,
        model: str,
        class_id: int,
        rule: ClassRule | None,
        in_presets: Mapping[str, ClassRule],
    ) -> None:
        """Take back what `drop_class` has dropped; presets deleted since stay away."""
        rules, presets = self.rules_of(model), self.presets_of(model)
        if rule is not None:
            rules[class_id] = rule
        for name, saved in in_presets.items():
            if name in presets:
                presets[name] = {**presets[name], class_id: saved}
        if rule is not None or in_presets:
            self.set_rules_of(model, rules, presets)

    def tune(
        self,
        result: Result,
        index: PlaneIndex,
        class_id: int,
        rule: ClassRule,
        *,
        step: int = 1,
    ) -> None:
        """Change the rule of a class of a result and its model; one plane shows it.

        Other planes, and other results of the model, become outdated.
        """
        result.tune(index, class_id, rule, step=step)
        for other in self.of_model(result.model):
            if other is not result and class_id in other.class_ids:
                other.set_rules({**other.rules, class_id: rule})
        self._rules.setdefault(result.model, {})[class_id] = rule

    def set_rules(self, result: Result, rules: Mapping[int, ClassRule]) -> None:
        """Replace the rules of a result and its model; all planes become outdated."""
        for each in self.of_model(result.model):
            each.set_rules(rules)
        self._rules[result.model] = dict(rules)

    def follow_place(self, annotated: AnnotatedImage) -> None:
        """Take over another place or pixel size of an image into its results."""
        for result in self._results:
            if result.annotated is annotated:
                result.follow_place()
        self.changed.emit()

    def follow(self, classes: ClassList) -> None:
        """Show the results of the live model with the present names and colours."""
        for result in self._results:
            if result.model == LIVE:
                recolor(result.layer, result_colormap(classes))
                result.layer.features = class_features(classes)
                result.rename_classes(classes)
        self.changed.emit()

    def close(self) -> None:
        """Disconnect from the viewer."""
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._results.clear()

    def _on_removed(self, event: Any) -> None:
        result = self.of_layer(event.value)
        if result is not None:
            self._results.remove(result)
            self.removed.emit(result)
            self.changed.emit()
