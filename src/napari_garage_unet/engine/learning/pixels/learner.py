"""Training of the pretrained network's decoder on single pixels.

The features of all stroke pixels are gathered once, and each step draws some of them
for every member of the ensemble, each class as often as the others. Then the network
learns from pseudo-labels, and at last its patch network is distilled from the decoder:
see `curriculum`.

The settings of the decoder that depend on the number of strokes are in
`decoder_settings`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.features.pixel_features import gather_pixels
from napari_garage_unet.engine.inference.tiles import PlaneBlock, stroked_blocks
from napari_garage_unet.engine.learning.training_plane import (
    TrainingPlane,
    add_counts,
)
from napari_garage_unet.engine.networks.base import Network
from napari_garage_unet.engine.networks.pretrained import PretrainedNetwork

from .curriculum import Stages, Step, conclusion, curriculum
from .decoder_settings import suited_to_strokes
from .distillation import Distillation
from .draws import rate_factor, shares_to_keep
from .held_out_model import HeldOutModel
from .newly_painted import find_newly_painted
from .pca import pca_guide, pca_projection
from .rounds import PseudoLabelRound, Round, StrokeRound
from .self_training import SelfTraining
from .steps import PixelSteps

MAX_PAINTED_PIXELS = 200_000
"""Stroke pixels whose features are kept; masks of whole images have more."""

GUIDE_PIXELS = 5_000
"""Stroke pixels from which the guide of the smoothing is computed."""

PROJECTION_PIXELS = 10_000
"""Pixels, painted or not, from which the PCA projection is computed."""

Floats = NDArray[np.float32]


class PixelLearner:
    """Trains the decoder and the patch network of a pretrained network.

    Parameters
    ----------
    network
        Is trained in place.
    learning_rate
        Highest rate of a round, see `rate_factor`.
    seed
        Seed of all draws.
    """

    def __init__(
        self, network: PretrainedNetwork, *, learning_rate: float, seed: int
    ) -> None:
        self.network = network
        self.predicting: Network = network
        self._rate = learning_rate
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._pixel_steps = PixelSteps(network.head, self._rng)
        self._self_training = SelfTraining(network, self._gather, self._rng)
        self._distillation = Distillation(network, self._rng)
        self._previous_targets: dict[tuple[int, ...], NDArray[np.int32]] = {}
        self._held_out_model: HeldOutModel | None = None
        self._loss = float("nan")
        self._steps: Iterator[Step] = iter(())
        self._next: Step | None = None

    @property
    def settled(self) -> bool:
        """Whether no steps are left; before `prepare` there are none either."""
        return self._next is None

    @property
    def held_out_model(self) -> Network | None:
        """A network that has not learnt held-out strokes; None until there is one."""
        return None if self._held_out_model is None else self._held_out_model.network

    def prepare(self, planes: Sequence[TrainingPlane]) -> None:
        """Gather the features of all labelled pixels and begin the curriculum.

        Parameters
        ----------
        planes
            Planes with at least one labelled pixel between them.
        """
        features, numbers, fresh, held_out = [], [], [], []
        n_classes = self.network.n_classes
        painted = add_counts(plane.count_classes(n_classes) for plane in planes)
        keep = shares_to_keep(painted.pixels, max_pixels=MAX_PAINTED_PIXELS)
        strokes_per_class = float(painted.strokes.mean())
        new = [
            find_newly_painted(self._previous_targets.get(plane.key), plane, n_classes)
            for plane in planes
        ]
        head = self.network.head
        head.state = suited_to_strokes(head.state, strokes_per_class)
        blocks = [
            (plane, newly_painted, block)
            for plane, (newly_painted, _) in zip(planes, new, strict=True)
            for block in stroked_blocks(plane.targets, self.network.stride)
        ]
        if not head.state.projection.any():
            self._set_projection([(plane, block) for plane, _, block in blocks])
        for plane, newly_painted, block in blocks:
            here = plane.targets[block.rows, block.columns]
            rows, columns = np.nonzero(self._rng.random(here.shape) < keep[here])
            features.append(self._gather(plane, block, rows, columns))
            numbers.append(here[rows, columns] - 1)
            newly = newly_painted[block.rows, block.columns]
            fresh.append(newly[rows, columns])
            is_held_out = plane.held_out_mask[block.rows, block.columns]
            held_out.append(is_held_out[rows, columns])
        # Nothing corrects anything as long as nothing has been learnt.
        corrects = np.concatenate(fresh) & bool(self._previous_targets)
        self._strokes = StrokeRound(
            np.concatenate(features), np.concatenate(numbers), corrects, n_classes
        )
        self._round: Round = self._strokes
        self._held_out = np.concatenate(held_out)
        self._previous_targets = {plane.key: plane.targets for plane in planes}
        self._planes = list(planes)
        held_out_model = self._held_out_model
        if held_out_model is not None and not held_out_model.is_usable(planes):
            self._held_out_model = None
        self._loss = float("nan")
        self._self_training.prepare(
            planes,
            strokes_per_class=strokes_per_class,
            new_strokes=add_counts(counts for _, counts in new).strokes,
        )
        self._distillation.prepare(planes)
        self._stages = self._make_stages()
        self._follow(curriculum(self._stages))

    def step(self, seconds_left: float | None = None) -> float:
        """Take the next step, if there is one, and return the last training loss.

        Parameters
        ----------
        seconds_left
            Seconds left for all remaining steps; None while time is not short.
        """
        if self._next is not None:
            self._next.take(seconds_left)
            self._next = next(self._steps, None)
        return self._loss

    def conclude(self) -> bool:
        """Go on to the distillation, where that is possible.

        Returns
        -------
        bool
            Whether steps are left out by this.
        """
        if self._next is None or not self._next.optional:
            return False
        self._follow(conclusion(self._stages))
        return True

    def _follow(self, steps: Iterator[Step]) -> None:
        """Take these steps from now on."""
        self._steps = steps
        self._next = next(steps, None)

    def _make_stages(self) -> Stages:
        self_training, distillation = self._self_training, self._distillation
        return Stages(
            n_steps=self._strokes.n_steps,
            n_rounds=self_training.n_rounds,
            n_blocks=self_training.n_blocks,
            learn_strokes=self._learn,
            learn_pseudo_labels=self._learn_pseudo_labels,
            label_block=self_training.label_block,
            patch_network_labels_block=self_training.patch_network_labels_block,
            uses_patch_network=lambda: self_training.patch_network_share > 0,
            is_distilled=lambda: distillation.complete,
            distil=lambda seconds_left: distillation.step(
                self._rate, seconds_left=seconds_left
            ),
        )

    def _learn_pseudo_labels(self, taken: int) -> None:
        """Take a step on strokes and pseudo-labels; the first one begins the round."""
        if not taken:
            self._set_guide()
            features, pseudo_labels = self._self_training.choose()
            self._distillation.repeat()
            self._round = PseudoLabelRound(self._strokes, features, pseudo_labels)
        self._learn(taken)

    def _learn(self, taken: int) -> None:
        """Take a step of the present round."""
        pixel_round = self._round
        factor = rate_factor(taken / self._strokes.n_steps, rises=pixel_round.rises)
        rate = self._rate * factor
        pixels = pixel_round.draw(self._rng, taken)
        self._loss = self._pixel_steps.take(
            pixel_round.features, pixel_round.targets, pixels, rate=rate
        )
        if self._held_out.any() and taken >= pixel_round.check_after:
            self._train_held_out_model(rate)

    def _train_held_out_model(self, rate: float) -> None:
        if self._held_out_model is None:
            self._held_out_model = HeldOutModel(self.network, seed=self._seed)
        if self._held_out_model.planes is not self._planes:
            weights = np.where(self._held_out, 0, self._strokes.weights)
            radius = self.network.smoothing_radius
            self._held_out_model.prepare(self._planes, weights, radius)
        self._held_out_model.step(self._round.features, self._round.targets, rate=rate)

    def _set_projection(
        self, blocks: Sequence[tuple[TrainingPlane, PlaneBlock]]
    ) -> None:
        """Compute the PCA projection of the last member from any pixels of the blocks.

        It stays: the kernels of that member fit no other projection.
        """
        n = -(-PROJECTION_PIXELS // len(blocks))
        seen = []
        for plane, block in blocks:
            shape = plane.targets[block.rows, block.columns].shape
            rows, columns = (self._rng.integers(0, size, n) for size in shape)
            seen.append(self._gather(plane, block, rows, columns))
        head = self.network.head
        projection = pca_projection(np.concatenate(seen), head.scale)
        head.state = replace(head.state, projection=projection)

    def _set_guide(self) -> None:
        """Compute the guide of the smoothing from stroke pixels, the classes alike.

        Not before the first round on pseudo-labels: probabilities of a decoder that has
        learnt from strokes alone are too noisy to be guided by features.
        """
        head = self.network.head
        chosen = self._strokes.draw_painted(self._rng, (GUIDE_PIXELS,))
        guide = pca_guide(self._strokes.painted[chosen], head.scale)
        head.state = replace(head.state, guide=guide)

    def _gather(
        self,
        plane: TrainingPlane,
        block: PlaneBlock,
        rows: NDArray[np.integer[Any]],
        columns: NDArray[np.integer[Any]],
    ) -> Floats:
        """Gather ``(n, n_features)`` features at rows and columns of a block."""
        _, _, *feature_maps = plane.region(block.seen_rows, block.seen_columns)
        return gather_pixels(
            feature_maps,
            self.network.head.specs,
            rows + block.rows.start - block.seen_rows.start,
            columns + block.columns.start - block.seen_columns.start,
        )
