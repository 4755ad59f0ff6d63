"""Rounds of steps on pixels: what they learn, and which pixels a step draws."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.networks.decoder_ops import ENSEMBLE_SIZE

from .draws import BalancedDraw
from .steps import MAX_PIXELS_PER_STEP

MIN_PIXELS_PER_STEP = 256
"""Pixels per member and step, unless many are painted."""

MIN_STEPS_PER_ROUND = 300
"""Steps of a round, unless many pixels are painted."""

MAX_STEPS_PER_ROUND = 600

DRAWS_PER_PAINTED_PIXEL = 3
"""How often a member draws a painted pixel in a round, if the bounds above allow it."""

CORRECTION_SHARE = 0.25
"""Share of newly painted pixels in the first step after a correction, 0 to 1."""

CORRECTION_STEPS = 100
"""Steps of a round on strokes that are for the predictions alone.

Within them the share of newly painted pixels falls to that of all others, and nothing
else is trained: a person waits for the correction to show.
"""

LABEL_SMOOTHING = 0.05
"""Share of each target that is spread over all classes, 0 to 1."""

Floats = NDArray[np.float32]


class Round(Protocol):
    """What the steps of a round learn from.

    Attributes
    ----------
    features, targets
        Tensors ``(n, n_features)`` and ``(n, n_classes)``, float32; stroke pixels come
        first. Targets are smoothed and sum to 1.
    rises
        Whether the learning rate rises at first.
    check_after
        Steps of the round after which the held-out model is trained as well.
    """

    features: Any
    targets: Any
    rises: bool
    check_after: int

    def draw(self, rng: np.random.Generator, taken: int) -> NDArray[np.int32]:
        """Draw ``(members, pixels per step)`` pixels, after `taken` other steps."""


class StrokeRound:
    """A round on stroke pixels alone; those that correct are drawn more often at first.

    Parameters
    ----------
    features
        ``(n, n_features)`` of the stroke pixels.
    classes
        ``(n,)``, their classes in the order of the network's outputs.
    newly_painted
        ``(n,)``, which of them correct what has been learnt.
    n_classes
        Number of classes.

    Attributes
    ----------
    painted, classes, weights
        Of each stroke pixel the features, the class, and a weight with which all
        classes weigh the same.
    one_hot
        ``(n, n_classes)``, the classes as targets that are not smoothed.
    n_steps, pixels_per_step
        Size of the rounds, see `size_of_round`.
    """

    check_after = CORRECTION_STEPS

    def __init__(
        self,
        features: Floats,
        classes: NDArray[np.integer[Any]],
        newly_painted: NDArray[np.bool_],
        n_classes: int,
    ) -> None:
        self.painted = features
        self.classes = classes
        self.weights = inverse_frequencies(classes).astype(np.float32)
        self.one_hot = np.eye(n_classes, dtype=np.float32)[classes]
        self.n_steps, self.pixels_per_step = size_of_round(len(classes))
        self.features = tf.constant(features)
        self.targets = smooth_targets(self.one_hot)
        self._draw = BalancedDraw(self.weights)
        self._corrections = np.flatnonzero(newly_painted)
        # A correction is to show at once.
        self.rises = not self._corrections.size
        odds = inverse_frequencies(classes[self._corrections])
        self._odds = odds / max(odds.sum(), 1e-12)

    def draw(self, rng: np.random.Generator, taken: int) -> NDArray[np.int32]:
        """Draw ``(members, pixels per step)`` pixels, after `taken` other steps."""
        pixels = self.draw_painted(rng, (ENSEMBLE_SIZE, self.pixels_per_step))
        if self._corrections.size:
            share = CORRECTION_SHARE * max(1 - taken / CORRECTION_STEPS, 0)
            n = round(self.pixels_per_step * share)
            pixels[:, :n] = rng.choice(
                self._corrections, (ENSEMBLE_SIZE, n), p=self._odds
            )
        return pixels

    def draw_painted(
        self, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> NDArray[np.int32]:
        """Draw stroke pixels, each class as often as the others."""
        return self._draw(rng, shape)


class PseudoLabelRound:
    """A round on stroke pixels and on pixels with pseudo-labels.

    The last member of the ensemble, which sees the features through the PCA projection,
    learns the stroke pixels alone.

    Parameters
    ----------
    strokes
        The stroke pixels. They weigh as much as all others together.
    features, pseudo_labels
        ``(n, n_features)`` and ``(n, n_classes)`` of the other pixels; pseudo-labels
        are probabilities.
    """

    rises = True
    check_after = 0

    def __init__(
        self, strokes: StrokeRound, features: Floats, pseudo_labels: Floats
    ) -> None:
        n = len(pseudo_labels)
        weights = np.full(n, strokes.weights.sum() / n, np.float32)
        self.features = tf.constant(np.concatenate([strokes.painted, features]))
        self.targets = smooth_targets(np.concatenate([strokes.one_hot, pseudo_labels]))
        self._draw = BalancedDraw(np.concatenate([strokes.weights, weights]))
        self._strokes = strokes

    def draw(self, rng: np.random.Generator, taken: int) -> NDArray[np.int32]:
        """Draw ``(members, pixels per step)`` pixels."""
        n = self._strokes.pixels_per_step
        pixels = self._draw(rng, (ENSEMBLE_SIZE, n))
        pixels[-1] = self._strokes.draw_painted(rng, (n,))
        return pixels


def size_of_round(n_painted: int) -> tuple[int, int]:
    """Decide how many steps a round has and how many pixels each member draws in one.

    A few strokes are drawn often enough by small steps; masks of whole images take
    larger ones, and more of them.

    Parameters
    ----------
    n_painted
        Stroke pixels whose features are kept.
    """
    n_draws = DRAWS_PER_PAINTED_PIXEL * n_painted
    pixels = min(
        max(n_draws // MIN_STEPS_PER_ROUND, MIN_PIXELS_PER_STEP), MAX_PIXELS_PER_STEP
    )
    steps = min(max(n_draws // pixels, MIN_STEPS_PER_ROUND), MAX_STEPS_PER_ROUND)
    return steps, pixels


def inverse_frequencies(classes: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Weigh ``(n,)`` pixels so that those of each class sum to 1."""
    weights: NDArray[np.float64] = 1 / np.bincount(classes)[classes]
    return weights


def smooth_targets(probabilities: Floats) -> Any:
    """Spread `LABEL_SMOOTHING` of ``(n, n_classes)`` targets over all classes.

    Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision",
    arXiv:1512.00567. Returns a float32 tensor.
    """
    n_classes = probabilities.shape[1]
    smooth = probabilities * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / n_classes
    return tf.constant(smooth, tf.float32)
