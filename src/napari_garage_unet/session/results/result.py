"""A segmentation that can still be tuned, because its probabilities are kept.

`ProbabilityStore` has its arrays, `Labeller` assigns labels; a `Result` shows them and
knows which planes still show older rules. It is over 300 lines because docks read and
tune everything of a segmentation through this one object.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from napari.layers import Labels as LabelsLayer
from numpy.typing import NDArray
from psygnal import Signal

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.annotations.fitting import in_shape
from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.engine.inference.boxes import Box
from napari_garage_unet.engine.labels.assign import Labels
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.layers.images import with_place
from napari_garage_unet.layers.writing import redraw, write_plane
from napari_garage_unet.session.images.annotated_image import AnnotatedImage

from .labeller import Labeller
from .probability_store import NOTHING, PlaneState, ProbabilityStore
from .slab import Slab, slab_around
from .upsample import enlarge, fill_enlarged

MAX_HISTOGRAM_PIXELS = 1 << 20
"""Pixels of a plane that are counted for a histogram at most."""


class Result:
    """Probabilities of an image, rules for its labels, and the layer that shows them.

    Parameters
    ----------
    annotated
        The image with its strokes.
    image
        Its pixels and axes.
    layer
        Labels layer that lies on the image.
    classes
        The classes, in the order of the rows of the probabilities.
    model
        Key of the model that computed the probabilities.
    rules
        Rules by class id; other classes have the default rule.
    is_preview
        Whether it shows the model that is being trained.

    Attributes
    ----------
    changed
        Pixels of the layer have changed.
    rules_changed
        Rules have changed.
    version
        Counts the changes of rules, and of the planes a volume's labels depend on.
    outdated_since
        Seconds of the monotonic clock at which a plane of a volume was last computed
        whose neighbours had their labels already; None when none waits for that.
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
        annotated.placed.add(layer)
        self.annotated = annotated
        self.image = image
        self.layer = layer
        self.classes = classes
        self.model = model
        self.is_preview = is_preview
        self._store = ProbabilityStore(image, len(classes))
        # Rules of classes that have left the model; they may come back.
        self._other_rules: dict[int, ClassRule] = {}
        self._labeller = Labeller(
            image, self._store, self.class_ids, self._of_classes(rules)
        )
        self._outdated: set[PlaneIndex] = set()
        self.version = 0
        self.outdated_since: float | None = None

    # -- what it holds ------------------------------------------------------------

    @property
    def name(self) -> str:
        """Name of its layer."""
        return str(self.layer.name)

    @property
    def title(self) -> str:
        """Its name in a list; what tells it from others comes first."""
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
        return dict(self._labeller.rules)

    @property
    def planes(self) -> tuple[PlaneIndex, ...]:
        """The planes that have been computed, in the order of the image."""
        return tuple(sorted(self._store.states))

    @property
    def pixels(self) -> NDArray[np.unsignedinteger[Any]]:
        """The array of its layer in the image's spatial shape, a view."""
        view: NDArray[np.unsignedinteger[Any]] = in_shape(
            self.layer.data, self.image.spatial_shape
        )
        return view

    @property
    def plane_states(self) -> dict[PlaneIndex, PlaneState]:
        """The planes that have been computed, each with the state of the model.

        Of a preview, which changes with every step, all states are the same.
        """
        states = self._store.states
        return dict.fromkeys(states, NOTHING) if self.is_preview else dict(states)

    @property
    def n_outdated(self) -> int:
        """Number of planes whose labels are those of older rules."""
        return len(self._outdated)

    @property
    def outdated_planes(self) -> frozenset[PlaneIndex]:
        """The planes whose labels are those of older rules."""
        return frozenset(self._outdated)

    def rule(self, class_id: int) -> ClassRule:
        """Return the rule of a class."""
        return self._labeller.rules.get(class_id, ClassRule())

    def state_of(self, index: PlaneIndex) -> PlaneState:
        """Return the state of the model that a plane shows; `NOTHING` before any."""
        return self._store.state_of(index)

    def probabilities(self, index: PlaneIndex) -> NDArray[np.uint8] | None:
        """Return the probabilities of a plane.

        Returns
        -------
        ndarray or None
            ``(n_classes, H, W)`` uint8, 255 is certain; None where the plane has not
            been computed.
        """
        return self._store.of_slab(Slab((index,)))

    def slab_probabilities(self, slab: Slab) -> NDArray[np.uint8] | None:
        """Return those of planes that have been computed, see `ProbabilityStore`."""
        return self._store.of_slab(slab)

    @property
    def kept_probabilities(self) -> NDArray[np.uint8]:
        """Of all planes, ``(n_classes, *spatial)`` uint8; 0 where not computed.

        Raises
        ------
        OutputError
            If there is no room for all planes.
        """
        return self._store.all_planes

    def computed_around(self, index: PlaneIndex) -> Slab:
        """Return the planes of a volume around one of them that have been computed."""
        return slab_around(index, self.image, self._store.states)

    def histogram(self, class_id: int, index: PlaneIndex) -> NDArray[np.int64] | None:
        """Count how often each of the 256 probabilities of a class occurs in a plane.

        Of a large plane about `MAX_HISTOGRAM_PIXELS` evenly spaced pixels are counted.

        Returns
        -------
        ndarray or None
            ``(256,)`` int64; None where the plane has not been computed.
        """
        levels = self.probabilities(index)
        if levels is None:
            return None
        row = levels[self.class_ids.index(class_id)]
        step = math.ceil(math.sqrt(row.size / MAX_HISTOGRAM_PIXELS))
        return np.bincount(row[::step, ::step].ravel(), minlength=256)

    # -- new probabilities and classes --------------------------------------------

    def reserve(self, indices: Iterable[PlaneIndex]) -> None:
        """Reserve room for the probabilities of planes, see `ProbabilityStore`."""
        self._store.reserve(indices)

    def put(
        self,
        index: PlaneIndex,
        probabilities: NDArray[np.uint8],
        *,
        state: PlaneState,
        box: Box | None = None,
        step: int = 1,
    ) -> bool:
        """Take over new probabilities of a plane, or a box of it, and show its labels.

        Parameters
        ----------
        index
            Which plane.
        probabilities
            ``(n_classes, ceil(h / step), ceil(w / step))`` uint8.
        state
            State of the model; an older one than the plane shows is dropped.
        box
            ``(y0, y1, x0, x1)`` in pixels of the plane; None is all of it.
        step
            Pixels from one value to the next; each stands for those up to the next.

        Returns
        -------
        bool
            Whether it was taken.

        Raises
        ------
        OutputError
            If there is no room for the plane; nothing has changed then.
        """
        if state < self.state_of(index):
            return False
        is_new = index not in self._store.states
        here = self._store.put(index, probabilities, state=state, box=box, step=step)
        self._labeller.forget_live()
        if self._labeller.is_pixelwise:
            labels = self._labeller.assign_pixels(probabilities)
            self._show_box(index, labels, here, step)
            self._outdated -= {index} if box is None or is_new else set()
        elif not self._labeller.is_volume:
            self.assign_plane(index)
        else:
            self._outdated.update(self._labeller.slab(index).planes)
            self.version += 1
            self.outdated_since = time.monotonic()
            self.assign_plane(index)
        self.changed.emit()
        return True

    def follow_place(self) -> None:
        """Take over the place and pixel size that the image has now.

        Pixels are not read again. Where rules smooth, labels depend on the proportions
        of a pixel, and every plane becomes outdated when these change.
        """
        before = np.divide(self.image.spacing, max(self.image.spacing))
        self.image = with_place(self.image, self.annotated.place)
        after = np.divide(self.image.spacing, max(self.image.spacing))
        self._labeller.follow_place(self.image)
        if self._labeller.smooths and not np.allclose(before, after):
            self._mark_all_outdated()
            self.outdated_since = time.monotonic()

    def set_classes(self, classes: tuple[ClassInfo, ...]) -> None:
        """Follow a model with other classes; kept probabilities are dropped then."""
        ids = tuple(info.id for info in classes)
        if ids != self.class_ids:
            self._store = ProbabilityStore(self.image, len(classes))
            rules = {**self._other_rules, **self.rules}
            self.classes = classes
            rules = self._of_classes(rules)
            self._labeller = Labeller(self.image, self._store, ids, rules)
            self._outdated.clear()
        self.classes = classes

    def rename_classes(self, classes: Iterable[ClassInfo]) -> None:
        """Take over names, colours and background mark of the classes it has."""
        known = {info.id: info for info in classes}
        self.classes = tuple(known.get(info.id, info) for info in self.classes)

    # -- rules --------------------------------------------------------------------

    def tune(
        self, index: PlaneIndex, class_id: int, rule: ClassRule, *, step: int = 1
    ) -> None:
        """Change the rule of a class and show it in one plane at once.

        With a step above 1 only every `step`-th pixel along both axes is looked at,
        which is quicker; the plane stays outdated then, as the others do.
        """
        before = self.rule(class_id)
        if before == rule:
            return
        if before.gives_same_labels_as(rule):
            self._labeller.rules[class_id] = rule
            self.rules_changed.emit()
            return
        self._labeller.rules[class_id] = rule
        self._mark_all_outdated()
        found = self._labeller.live(index, step)
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
        """Compute what moving a threshold of a class in a plane will need.

        Returns
        -------
        int
            Runs of equal labels that each move has to clean up, see `LiveLabels.runs`.
        """
        found = self._labeller.live(index, step)
        if found is None:
            return 0
        found[1].prepare(class_id)
        return found[1].runs

    def set_rules(self, rules: Mapping[int, ClassRule]) -> None:
        """Change the rules of all classes at once; every plane becomes outdated."""
        self._labeller.rules = self._of_classes(rules)
        self._mark_all_outdated()
        self._labeller.forget_live()
        self.rules_changed.emit()

    # -- labels -------------------------------------------------------------------

    def assign(self, index: PlaneIndex) -> dict[PlaneIndex, Labels]:
        """Assign the labels of a plane by the present rules; thread-safe.

        Returns
        -------
        dict
            ``(H, W)`` uint8 or uint16 of the plane and of those that depend on each
            other with it; empty where the plane has not been computed.
        """
        return self._labeller.assign(self._labeller.slab(index))

    def assign_plane(self, index: PlaneIndex) -> None:
        """Assign the labels of a plane by the present rules and show them.

        Of a large volume only planes around it are looked at, and it stays outdated.
        """
        slab = self._labeller.slab(index, step=1)
        labels = self._labeller.assign(slab).get(index)
        if labels is not None:
            self._show_of(slab, index, labels)

    def show(self, index: PlaneIndex, labels: Labels, *, refresh: bool = True) -> None:
        """Write the labels of a plane into the layer, ``(H, W)``."""
        plane = labels.T if self.image.is_transposed else labels
        shape, key = self.image.spatial_shape, self.image.spatial_key(index)
        write_plane(self.layer, key, plane, shape=shape, refresh=refresh)
        self._outdated.discard(index)

    def redraw(self) -> None:
        """Draw the layer again after planes were shown without `refresh`."""
        redraw(self.layer)

    # -- within -------------------------------------------------------------------

    def _of_classes(self, rules: Mapping[int, ClassRule]) -> dict[int, ClassRule]:
        """Return the rules of the classes it has, and remember the others."""
        ids = self.class_ids
        self._other_rules = {i: rule for i, rule in rules.items() if i not in ids}
        return {i: rule for i, rule in rules.items() if i in ids}

    def _show_of(self, slab: Slab, index: PlaneIndex, labels: Labels) -> None:
        """Show a plane of a slab; it stays outdated if the slab was not a whole one."""
        self.show(index, labels)
        if slab != self._labeller.slab(index):
            self._outdated.add(index)

    def _show_box(
        self, index: PlaneIndex, labels: Any, here: tuple[slice, slice], step: int
    ) -> None:
        shown = self._plane(index)[here]
        labels = enlarge(labels, step, shown)
        if not np.array_equal(shown, labels):
            shown[...] = labels
            redraw(self.layer)

    def _plane(self, index: PlaneIndex) -> Any:
        """Return the pixels of a plane of the layer, ``(H, W)``."""
        plane = self.pixels[self.image.spatial_key(index)]
        return plane.T if self.image.is_transposed else plane

    def _mark_all_outdated(self) -> None:
        self.version += 1
        self._outdated = set(self._store.states)
