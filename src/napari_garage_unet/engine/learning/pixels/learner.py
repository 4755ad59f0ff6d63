"""Teaching the decoder on pixels.

A round on the stroke pixels comes first; their features are joined once, and a step
draws some of them for each member, every class as often as the others. Then the
network teaches itself: what it says of the stroked planes, smoothed along the edges of
the image, goes into further rounds beside the strokes. Smoothing knows the shapes that
single pixels do not, and the unpainted pixels show how the classes vary.

How far to smooth and how often the network teaches itself depend on how much there is
to learn from: both make up for few strokes, but blur what a network knows better that
has seen many. Strokes that correct a result lie where it was wrong and nowhere else,
so how well either does on strokes says little about the image; their number does not
mislead that way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.features.pixel_features import gather_pixels
from napari_garage_unet.engine.inference.tiles import PlaneBlock, stroked_blocks
from napari_garage_unet.engine.learning.training_plane import TrainingPlane
from napari_garage_unet.engine.networks.base import Network
from napari_garage_unet.engine.networks.decoder import make_ensemble_weights
from napari_garage_unet.engine.networks.decoder_ops import ENSEMBLE_SIZE
from napari_garage_unet.engine.networks.decoder_state import (
    INVERSE_TEMPERATURE,
    MAX_SMOOTHING_RADIUS,
)
from napari_garage_unet.engine.networks.pretrained import PretrainedNetwork

from .distillation import Distillation
from .draws import BalancedDraw, rate_factor
from .held_out_model import HeldOutModel
from .newly_painted import add_counts, find_newly_painted
from .pca import pca_guide, pca_projection
from .self_training import SelfTraining
from .steps import MOST_BATCH, PixelSteps

BATCH = 256
"""Pixels per member and step, unless many are painted."""

ROUND = 300
"""Steps from the first, careful one to the last, small one, unless many are painted."""

MOST_STEPS = 600

TIMES = 3
"""How often a painted pixel is drawn in a round, if the above allow it."""

FRESH_SHARE = 0.25
"""Share of the pixels of the first step after a correction that are newly painted."""

FRESH_STEPS = 100
"""Steps until newly painted pixels are drawn like all others."""

LABEL_SMOOTHING = 0.05

MOST_PAINTED = 200_000
"""Painted pixels whose features are kept; masks of whole images have more."""

SMOOTHING = 256
"""Radius of the guided filter times the strokes per class, in cells of the grid."""

COARSE = 0.2
"""What the member behind the lens counts at the most, of 1."""

COARSE_STROKES = (16, 40)
"""Strokes per class with which it counts that; with fewer it knows too little, with
many the others need no help."""

GUIDED = 5_000
"""Painted pixels that decide what guides the smoothing beside the image."""

SEEN = 10_000
"""Pixels that decide through what lens a member sees the features."""

Floats = NDArray[np.float32]


class PixelLearner:
    """Trains the decoder of a pretrained network.

    Parameters
    ----------
    network
        Its head is trained in place.
    learning_rate
        Highest rate; it rises, then falls along a cosine in each round.
    seed
        Of the draws.

    Attributes
    ----------
    predicting
        The network itself.
    settled
        Whether all rounds are complete and nothing has changed since.
    """

    def __init__(
        self, network: PretrainedNetwork, *, learning_rate: float, seed: int
    ) -> None:
        self.network = network
        self.predicting: Network = network
        self.settled = False
        self._rate = learning_rate
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._steps = PixelSteps(network.head, self._rng)
        self._teaching = SelfTraining(network, self._gather, self._rng)
        self._detail_teaching = Distillation(network, self._rng)
        self._before: dict[tuple[int, ...], NDArray[np.int32]] = {}
        self._held_out_model: HeldOutModel | None = None

    @property
    def held_out_model(self) -> Network | None:
        """A network that has not learnt from held-out strokes; None until there is."""
        return None if self._held_out_model is None else self._held_out_model.network

    def prepare(self, planes: Sequence[TrainingPlane]) -> None:
        """Join the features of all labelled pixels and begin the first round.

        Parameters
        ----------
        planes
            With at least one labelled pixel between them.
        """
        features, numbers, fresh, held_out = [], [], [], []
        n_classes = self.network.n_classes
        painted = add_counts(plane.count_classes(n_classes) for plane in planes)
        keep = self._class_proportions_to_keep(painted.pixels)
        strokes_per_class = float(painted.strokes.mean())
        new = [
            find_newly_painted(self._before.get(plane.key), plane, n_classes)
            for plane in planes
        ]
        radius = min(round(SMOOTHING / strokes_per_class), MAX_SMOOTHING_RADIUS)
        head = self.network.head
        few, many = COARSE_STROKES
        suits = min(strokes_per_class / few, 1.0, many / strokes_per_class)
        head.state = replace(
            head.state,
            smoothing_radius=radius,
            ensemble_weights=make_ensemble_weights(
                ENSEMBLE_SIZE, coarse=COARSE * suits
            ),
            inverse_temperature=INVERSE_TEMPERATURE,
        )
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
            kept_back = plane.kept_back[block.rows, block.columns]
            held_out.append(kept_back[rows, columns])
        self._painted = np.concatenate(features)
        self._numbers = np.concatenate(numbers)
        self._draw_painted = BalancedDraw(self._balance())
        self._n_steps, self._batch = size_of_round(len(self._numbers))
        # Nothing corrects anything as long as nothing has been learnt.
        self._set_fresh(np.concatenate(fresh) & bool(self._before))
        self._held_out = np.concatenate(held_out)
        self._before = {plane.key: plane.targets for plane in planes}
        self._planes = planes
        self._judge_is_ready = False
        if self._held_out_model is not None and not self._held_out_model.is_usable(
            planes
        ):
            self._held_out_model = None
        self._begin_round(
            self._painted,
            np.eye(n_classes, dtype=np.float32)[self._numbers],
            self._balance(),
        )
        self._loss = np.nan
        self.settled = False
        self._teaching.prepare(
            planes,
            strokes_per_class=strokes_per_class,
            new_strokes=add_counts(counts for _, counts in new).strokes,
        )
        self._detail_teaching.prepare(planes)
        self._teaches_itself = False
        self._seconds_left: float | None = None

    def step(self) -> float:
        """Take one step and return the loss of it, or of the last one."""
        seconds_left, self._seconds_left = self._seconds_left, None
        if self._taken >= self._n_steps and not self.settled:
            if not self._teaching.rounds_left:
                # It may have been taught already for a lesson that was left out.
                if not self._detail_teaching.complete:
                    self._detail_teaching.step(self._rate, seconds_left=seconds_left)
                self.settled = self._detail_teaching.complete
                return self._loss
            if self._ask():
                return self._loss
            self._train_on_pseudo_labels()
        corrects = self._fresh.size > 0 and not self._teaches_itself
        progress = self._taken / self._n_steps
        rate = self._rate * rate_factor(progress, rises=not corrects)
        pixels = self._draw(self._rng, (ENSEMBLE_SIZE, self._batch))
        if self._teaches_itself:
            # The last member, which sees them coarsely, learns no answers.
            pixels[-1] = self._draw_painted(self._rng, (self._batch,))
        if corrects:
            share = FRESH_SHARE * max(1 - self._taken / FRESH_STEPS, 0)
            n = round(self._batch * share)
            pixels[:, :n] = self._rng.choice(
                self._fresh, (ENSEMBLE_SIZE, n), p=self._fresh_odds
            )
        self._loss = self._steps.take(self._features, self._wanted, pixels, rate=rate)
        # A correction is to show first; what checks it can come after.
        waits = self._taken < FRESH_STEPS and not self._teaches_itself
        if self._held_out.any() and not waits:
            self._train_held_out_model(rate)
        self._taken += 1
        return self._loss

    def conclude(self, seconds_left: float) -> bool:
        """Leave out what is left of the rounds, to teach the detail network.

        Not in the first round: what has learnt from strokes alone teaches nobody.
        """
        self._seconds_left = seconds_left
        complete = self._taken >= self._n_steps and not self._teaching.rounds_left
        if complete or not self._teaches_itself:
            return False
        self._n_steps = self._taken
        self._teaching.rounds_left = 0
        return True

    def _ask(self) -> bool:
        """Find out a little of what the network teaches itself; False when all is.

        In doubt the detail network is taught and asked as well.
        """
        if self._teaching.ask():
            return True
        if not self._teaching.trust:
            return False
        if not self._detail_teaching.complete:
            self._detail_teaching.step(self._rate)
            return True
        return self._teaching.ask_patch_network()

    def _train_held_out_model(self, rate: float) -> None:
        if self._held_out_model is None:
            self._held_out_model = HeldOutModel(self.network, seed=self._seed)
        if not self._judge_is_ready:
            weights = np.where(self._held_out, 0, self._balance())
            self._held_out_model.prepare(
                self._planes, weights, self.network.smoothing_radius
            )
            self._judge_is_ready = True
        self._held_out_model.step(self._features, self._wanted, rate=rate)

    def _set_fresh(self, fresh: NDArray[np.bool_]) -> None:
        """Draw newly painted pixels more often at first, each class as often."""
        self._fresh = np.flatnonzero(fresh)
        numbers = self._numbers[self._fresh]
        odds = 1 / np.bincount(numbers)[numbers] if numbers.size else np.empty(0)
        self._fresh_odds = odds / max(odds.sum(), 1e-12)

    def _set_projection(
        self, blocks: Sequence[tuple[TrainingPlane, PlaneBlock]]
    ) -> None:
        """Let a member see the features of all pixels, painted or not, coarsely.

        Once only: what it has learnt is worth nothing through another lens.
        """
        n = -(-SEEN // len(blocks))
        seen = []
        for plane, block in blocks:
            shape = plane.targets[block.rows, block.columns].shape
            rows, columns = (self._rng.integers(0, size, n) for size in shape)
            seen.append(self._gather(plane, block, rows, columns))
        head = self.network.head
        projection = pca_projection(np.concatenate(seen), head.scale)
        head.state = replace(head.state, projection=projection)

    def _set_guide(self) -> None:
        """Guide the smoothing by where the features of painted pixels vary most.

        Every class counts as often as the others. What has learnt from strokes alone
        is too noisy to be guided by them.
        """
        head = self.network.head
        chosen = self._draw_painted(self._rng, (GUIDED,))
        guide = pca_guide(self._painted[chosen], head.scale)
        head.state = replace(head.state, guide=guide)

    def _begin_round(self, features: Floats, wanted: Floats, weights: Floats) -> None:
        self._features = tf.constant(features)
        smooth = wanted * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / wanted.shape[1]
        self._wanted = tf.constant(smooth, tf.float32)
        self._draw = BalancedDraw(weights)
        self._taken = 0

    def _train_on_pseudo_labels(self) -> None:
        """Begin a round on the strokes and on the answers."""
        self._teaches_itself = True
        self._set_guide()
        features, answers = self._teaching.choose()
        self._detail_teaching.repeat()
        painted = np.eye(self.network.n_classes, dtype=np.float32)[self._numbers]
        weights = self._balance()
        # Painted pixels weigh as much as all the others together.
        own = np.full(len(answers), weights.sum() / len(answers), np.float32)
        self._begin_round(
            np.concatenate([self._painted, features]),
            np.concatenate([painted, answers]),
            np.concatenate([weights, own]),
        )

    def _gather(
        self,
        plane: TrainingPlane,
        block: PlaneBlock,
        rows: NDArray[np.integer[Any]],
        columns: NDArray[np.integer[Any]],
    ) -> Floats:
        _, _, *feature_maps = plane.region(block.seen_rows, block.seen_columns)
        return gather_pixels(
            feature_maps,
            self.network.head.feature_maps,
            rows + block.rows.start - block.seen_rows.start,
            columns + block.columns.start - block.seen_columns.start,
        )

    def _class_proportions_to_keep(
        self, counts: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Share of the pixels of each target that is learnt from, 0 for unlabelled."""
        shares = np.minimum(1.0, MOST_PAINTED / len(counts) / np.maximum(counts, 1))
        return np.concatenate([np.zeros(1), shares])

    def _balance(self) -> Floats:
        class_proportions = 1 / np.bincount(self._numbers)[self._numbers]
        return class_proportions.astype(np.float32)


def size_of_round(n_painted: int) -> tuple[int, int]:
    """Decide how many steps a round has and how many pixels each member sees in one.

    A few strokes are seen often enough by small steps; masks of whole images need
    larger ones, and more.

    Parameters
    ----------
    n_painted
        Painted pixels whose features are kept.
    """
    wanted = TIMES * n_painted
    batch = min(max(wanted // ROUND, BATCH), MOST_BATCH)
    return min(max(wanted // batch, ROUND), MOST_STEPS), batch
