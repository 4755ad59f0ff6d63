"""A segmentation that can still be tuned: its probabilities are kept."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from napari.layers import Labels as LabelsLayer
from numpy.typing import NDArray
from psygnal import Signal

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.engine.labels.assign import Labels, decide
from napari_garage_unet.engine.labels.clean_up import apply_rules
from napari_garage_unet.engine.labels.live import LiveLabels
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.labels.volumes import needs_volume
from napari_garage_unet.layers.writing import redraw, write_plane
from napari_garage_unet.session.connection.requests import Box
from napari_garage_unet.session.images.annotated_image import AnnotatedImage

from .slab import Slab, slab_around
from .upsample import enlarge, fill_enlarged

PlaneState = tuple[int, int]
"""Which state of a model: number of the training, then of the step."""

NOTHING: PlaneState = (-1, -1)

KEEP_IN_MEMORY = 1 << 30
"""Bytes of probabilities up to which they are kept in memory, not in a file."""

MOST_COUNTED = 1 << 20
"""Pixels of a histogram."""

MOST_AT_ONCE = 1 << 21
"""Voxels of a volume that are looked at while a person waits for a plane."""


class Result:
    """Probabilities of an image, the rules that decide, and the layer that shows it.

    Parameters
    ----------
    bound
        The image.
    image
        What its axes mean.
    layer
        Labels layer of the image's spatial shape.
    classes
        The classes, in the order of the rows of the probabilities.
    model
        Key of the model that made it.
    rules
        By class id; classes that are not in it have the default rule.
    is_preview
        Whether it follows the model that is being trained.

    Attributes
    ----------
    changed
        There are other pixels.
    rules_changed
        There are other rules.
    version
        Counts the changes of rules, and of what planes of a volume depend on.
    outdated_since
        When planes of a volume were last computed while others, which depend on them,
        had been decided; None when nothing has to be decided again.
    """

    changed = Signal()
    rules_changed = Signal()

    def __init__(
        self,
        annotated: AnnotatedImage,
        image: Image,
        layer: LabelsLayer,
        *,
        classes: tuple[ClassInfo, ...],
        model: str,
        rules: Mapping[int, ClassRule],
        is_preview: bool = False,
    ) -> None:
        self.annotated = annotated
        self.image = image
        self.layer = layer
        self.classes = classes
        self.model = model
        self.is_preview = is_preview
        self._rules = dict(rules)
        self._probabilities = _empty((len(classes), *image.spatial_shape))
        self._states: dict[PlaneIndex, PlaneState] = {}
        self._outdated: set[PlaneIndex] = set()
        self._live: tuple[Slab, int, LiveLabels] | None = None
        self.version = 0
        self.outdated_since: float | None = None

    @property
    def name(self) -> str:
        """Name of its layer."""
        return str(self.layer.name)

    @property
    def title(self) -> str:
        """What it is called in a list; what tells it from others comes first."""
        kind = "preview" if self.is_preview else "segmentation"
        is_renamed = not self.name.startswith(self.annotated.name)
        return self.name if is_renamed else f"{kind} of {self.annotated.name}"

    @property
    def class_ids(self) -> tuple[int, ...]:
        """Ids in the order of the rows of the probabilities."""
        return tuple(info.id for info in self.classes)

    @property
    def rules(self) -> dict[int, ClassRule]:
        """The rules, by class id."""
        return dict(self._rules)

    @property
    def planes(self) -> tuple[PlaneIndex, ...]:
        """The planes whose probabilities are there, in the order of the image."""
        return tuple(sorted(self._states))

    def rule(self, class_id: int) -> ClassRule:
        """The rule of a class."""
        return self._rules.get(class_id, ClassRule())

    def state_of(self, index: PlaneIndex) -> PlaneState:
        """The state of the model that a plane shows; below all others before any."""
        return self._states.get(index, NOTHING)

    def probabilities(self, index: PlaneIndex) -> NDArray[np.uint8] | None:
        """Kept probabilities of a plane, ``(n_classes, H, W)`` uint8, 255 is certain.

        None where the plane has not been computed.
        """
        return self._levels(Slab((index,)))

    @property
    def kept_probabilities(self) -> NDArray[np.uint8]:
        """Those of all planes, ``(n_classes, *spatial)``; 0 where not computed."""
        return self._probabilities

    def put(
        self,
        index: PlaneIndex,
        probabilities: NDArray[np.uint8],
        *,
        state: PlaneState,
        box: Box | None = None,
        step: int = 1,
    ) -> bool:
        """Take over new probabilities of a plane, or a box of it, and show them.

        Parameters
        ----------
        index
            Which plane.
        probabilities
            ``(n_classes, H / step, W / step)`` uint8.
        state
            Of the model; an older one than the plane shows is dropped.
        box
            ``(y0, y1, x0, x1)`` in pixels of the plane; None is all of it.
        step
            Pixels from one value to the next; each stands for those up to the next.

        Returns
        -------
        bool
            Whether it was taken.
        """
        if state < self.state_of(index):
            return False
        is_new = index not in self._states
        self._states[index] = state
        levels = self.probabilities(index)
        assert levels is not None
        y0, y1, x0, x1 = box or (0, levels.shape[1], 0, levels.shape[2])
        here = (slice(y0, y1), slice(x0, x1))
        levels[(slice(None), *here)] = enlarge(probabilities, step, levels[:, *here])
        self._live = None
        if self._is_pixelwise:
            labels = decide(probabilities, self._rules, class_ids=self.class_ids)
            self._show_box(index, labels, here, step)
            self._outdated -= {index} if box is None or is_new else set()
        elif not self._is_volume:
            self.assign_plane(index)
        else:
            self._outdated.update(self._slab(index).planes)
            self.version += 1
            self.outdated_since = time.monotonic()
            self.assign_plane(index)
        self.changed.emit()
        return True

    @property
    def _is_pixelwise(self) -> bool:
        """Whether no pixel depends on the others around it."""
        rules = self._rules.values()
        return not any(rule.cleans or rule.low is not None for rule in rules)

    @property
    def _is_volume(self) -> bool:
        """Whether planes depend on those around them."""
        return needs_volume(self.image, self._rules.values())

    def _slab(self, index: PlaneIndex, *, step: int | None = None) -> Slab:
        """Return what has to be looked at to decide a plane, or as much as is quick.

        Only as much as is quick where every `step`-th pixel of planes is looked at.
        """
        if not self._is_volume:
            return Slab((index,))
        most = None
        if step is not None:
            seen = math.prod(self.image.plane_shape) // step**2
            most = max(MOST_AT_ONCE // max(seen, 1), 1)
        return slab_around(index, self.image, self._states, most=most)

    def computed_around(self, index: PlaneIndex) -> Slab:
        """The planes of a volume around one of them that have been computed."""
        return slab_around(index, self.image, self._states)

    def _levels(self, slab: Slab) -> NDArray[np.uint8] | None:
        """Return ``(n_classes, H, W)``, of a volume ``(n_classes, D, H, W)``."""
        if slab.planes[0] not in self._states:
            return None
        return slab.part_of(self._probabilities, self.image)

    def _show_box(
        self, index: PlaneIndex, labels: Any, here: tuple[slice, slice], step: int
    ) -> None:
        shown = self._plane(index)[here]
        labels = enlarge(labels, step, shown)
        if not np.array_equal(shown, labels):
            shown[...] = labels
            redraw(self.layer)

    def _plane(self, index: PlaneIndex) -> Any:
        """The pixels of a plane of the layer, ``(H, W)``."""
        plane = self.layer.data[self.image.spatial_key(index)]
        return plane.T if self.image.is_transposed else plane

    def tune(
        self, index: PlaneIndex, class_id: int, rule: ClassRule, *, step: int = 1
    ) -> None:
        """Change the rule of a class and show it in one plane at once.

        With a step above 1 only every n-th pixel along both axes is looked at, which
        is quicker; the plane stays undecided then, as the others do.
        """
        before = self.rule(class_id)
        if before == rule:
            return
        if before.decides_like(rule):
            self._rules[class_id] = rule
            self.rules_changed.emit()
            return
        self._rules[class_id] = rule
        self._mark_all_outdated()
        found = self._live_labels(index, step)
        if found is not None:
            slab, live = found
            labels = live.update(class_id, rule.at_step(step))
            if slab.is_volume:
                labels = labels[slab.planes.index(index)]
            if step > 1:
                fill_enlarged(self._plane(index), labels, step)
                redraw(self.layer)
            else:
                self._show_of(slab, index, labels)
        self.rules_changed.emit()

    def prepare(self, index: PlaneIndex, class_id: int, *, step: int = 1) -> int:
        """Look up what moving a threshold of a class in a plane will need.

        Returns
        -------
        runs of equal labels that each move has to clean, see `LiveLabels.runs`
        """
        found = self._live_labels(index, step)
        if found is None:
            return 0
        found[1].prepare(class_id)
        return found[1].runs

    def set_rules(self, rules: Mapping[int, ClassRule]) -> None:
        """Change the rules of all classes at once."""
        self._rules = {i: rule for i, rule in rules.items() if i in self.class_ids}
        self._mark_all_outdated()
        self._live = None
        self.rules_changed.emit()

    def assign(self, index: PlaneIndex) -> dict[PlaneIndex, Labels]:
        """Decide one plane with the present rules; beside the main thread, too.

        Returns
        -------
        ``(H, W)`` uint8 or uint16, of the plane and of those it was decided together
        with; empty where the plane has not been computed
        """
        return self._assign_slab(self._slab(index))

    def _assign_slab(self, slab: Slab) -> dict[PlaneIndex, Labels]:
        levels = self._levels(slab)
        if levels is None:
            return {}
        labels = apply_rules(
            levels,
            dict(self._rules),  # the main thread may change a rule meanwhile
            class_ids=self.class_ids,
            spacing=slab.spacing(self.image),
            open_ends=slab.open_ends,
        )
        planes = labels if slab.is_volume else [labels]
        return dict(zip(slab.planes, planes, strict=True))

    def assign_plane(self, index: PlaneIndex) -> None:
        """Decide one plane with the present rules and write it into the layer.

        Of a large volume only planes around it are looked at, and it stays undecided.
        """
        slab = self._slab(index, step=1)
        labels = self._assign_slab(slab).get(index)
        if labels is not None:
            self._show_of(slab, index, labels)

    def _show_of(self, slab: Slab, index: PlaneIndex, labels: Labels) -> None:
        """Show a plane of a slab; others may belong to it that were not looked at."""
        self.show(index, labels)
        if slab != self._slab(index):
            self._outdated.add(index)

    def show(self, index: PlaneIndex, labels: Labels, *, refresh: bool = True) -> None:
        """Write what was decided for a plane into the layer."""
        plane = labels.T if self.image.is_transposed else labels
        write_plane(self.layer, self.image.spatial_key(index), plane, refresh=refresh)
        self._outdated.discard(index)

    def redraw(self) -> None:
        """Draw the layer again after planes were shown without."""
        redraw(self.layer)

    def _mark_all_outdated(self) -> None:
        self.version += 1
        self._outdated = set(self._states)

    def _live_labels(
        self, index: PlaneIndex, step: int
    ) -> tuple[Slab, LiveLabels] | None:
        slab = self._slab(index, step=step)
        if self._live is not None and self._live[:2] == (slab, step):
            return slab, self._live[2]
        levels = self._levels(slab)
        if levels is None:
            return None
        rules = {i: rule.at_step(step) for i, rule in self._rules.items()}
        live = LiveLabels(
            levels[..., ::step, ::step],
            rules,
            class_ids=self.class_ids,
            spacing=slab.spacing(self.image, step=step),
            open_ends=slab.open_ends,
        )
        self._live = (slab, step, live)
        return slab, live

    @property
    def n_outdated(self) -> int:
        """How many planes still show older rules."""
        return len(self._outdated)

    @property
    def outdated_planes(self) -> frozenset[PlaneIndex]:
        """The planes that still show older rules."""
        return frozenset(self._outdated)

    def set_classes(self, classes: tuple[ClassInfo, ...]) -> None:
        """Follow a model that has learnt other classes; what was kept is dropped."""
        if tuple(info.id for info in classes) != self.class_ids:
            self._probabilities = _empty((len(classes), *self.image.spatial_shape))
            self._states.clear()
            self._live = None
            self._outdated.clear()
        self.classes = classes

    def rename_classes(self, classes: Iterable[ClassInfo]) -> None:
        """Take over names, colours and background mark of the classes it has."""
        known = {info.id: info for info in classes}
        self.classes = tuple(known.get(info.id, info) for info in self.classes)

    def histogram(self, class_id: int, index: PlaneIndex) -> NDArray[np.int64] | None:
        """How often each of the 256 levels of a class occurs in a plane.

        Of a large plane evenly spaced pixels are counted; a person waits for it.
        """
        levels = self.probabilities(index)
        if levels is None:
            return None
        row = levels[self.class_ids.index(class_id)]
        step = math.ceil(math.sqrt(row.size / MOST_COUNTED))
        return np.bincount(row[::step, ::step].ravel(), minlength=256)


def _empty(shape: tuple[int, ...]) -> NDArray[Any]:
    if int(np.prod(shape)) <= KEEP_IN_MEMORY:
        # The system gives pages only when they are written.
        return np.zeros(shape, np.uint8)
    # The map keeps the file, which goes when the last array does.
    with tempfile.TemporaryFile(prefix="garage-probabilities-") as file:
        return np.memmap(file, np.uint8, mode="w+", shape=shape)
