"""The interface of the methods that are compared, ours and others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Strokes = NDArray[np.integer]
Labels = NDArray[np.integer]


class Learnt(Protocol):
    """What a method has learnt at one time.

    It does not change while the method goes on learning. So it can be measured after
    the clock has stopped, and the next round can continue from it.
    """

    def __call__(self, image: Pixels, /) -> Labels:
        """Segment an ``(H, W)`` or ``(H, W, C)`` image; ids as painted."""


class Method(Protocol):
    """A way to learn a segmentation from strokes. Modules can be methods."""

    def warm_up(
        self, shapes: Sequence[tuple[int, ...]], *, n_classes: int, seed: int
    ) -> None:
        """Prepare before the clock starts, from shapes without pixels.

        Parameters
        ----------
        shapes : sequence of tuple of int
            Shapes of the images to come, ``(H, W)`` or ``(H, W, C)``.
        n_classes : int
            Number of classes that will be painted.
        seed : int
            Seed that `learn` will get.
        """

    def learn(
        self,
        images: Sequence[Pixels],
        strokes: Sequence[Strokes],
        *,
        checkpoints: Sequence[float],
        seed: int,
        state: Learnt | None = None,
    ) -> Iterator[tuple[float, Learnt]]:
        """Learn from strokes and yield what is learnt at some times.

        Parameters
        ----------
        images : sequence of (H, W) or (H, W, C) uint8
            The stroked images.
        strokes : sequence of (H, W) int
            0 = unlabelled, otherwise class ids.
        checkpoints : sequence of float
            Seconds after Train is pressed, ascending, at which to yield. The method
            stops after the last one, or earlier if it has converged.
        seed : int
            Makes the run repeatable.
        state : Learnt, optional
            Result of an earlier call on the same images, to continue from.

        Yields
        ------
        seconds : float
            Time since this call.
        learnt : Learnt
            What is learnt at that time.
        """


METHODS = {
    "ours": "benchmarks.strokes.ours",
    "forest": "benchmarks.strokes.peers:Forest",
    "forest+encoder": "benchmarks.strokes.peers:EncoderForest",
    "keras-unet": "benchmarks.strokes.textbook_unet:TextbookUNet",
}
OURS = "ours"
AFRESH = "ours, starting again"
"""Ours, trained from the start on the strokes of the last round."""


def load_method(name: str) -> Method:
    """Import one of `METHODS`, and none of the others."""
    module_name, _, class_name = METHODS[name].partition(":")
    module = import_module(module_name)
    return cast(Method, getattr(module, class_name)() if class_name else module)
