"""What the comparison asks of a method, ours and the peers alike."""

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
    """What a method knows at one moment.

    It stays as it is while the method learns on, so the comparison can look at it
    after the clock has stopped, and can continue from it in the next round.
    """

    def __call__(self, image: Pixels, /) -> Labels:
        """Segment an ``(H, W)`` or ``(H, W, C)`` image; ids as painted."""


class Method(Protocol):
    """A way to learn a segmentation from strokes. Modules can be methods."""

    def warm_up(
        self, shapes: Sequence[tuple[int, ...]], *, n_classes: int, seed: int
    ) -> None:
        """Get ready before the clock starts, knowing shapes but no pixels.

        Parameters
        ----------
        shapes : sequence of tuple of int
            Shapes of the images to come, ``(H, W)`` or ``(H, W, C)``.
        n_classes : int
            How many classes will be painted.
        seed : int
            The seed `learn` will be given.
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
        """Learn from strokes and show what is known at some moments.

        Parameters
        ----------
        images : sequence of (H, W) or (H, W, C) uint8
            The stroked images.
        strokes : sequence of (H, W) int
            0 = unlabelled, otherwise class ids.
        checkpoints : sequence of float
            Seconds after Train is pressed at which to show something, rising. The
            method stops after the last one, or earlier when it has nothing more to
            learn.
        seed : int
            Makes the run repeatable.
        state : Learnt, optional
            What an earlier call on the same images had learnt, to continue from.

        Yields
        ------
        seconds : float
            The moment, in seconds since this call.
        learnt : Learnt
            What is known then.
        """


METHODS = {
    "ours": "benchmarks.strokes.ours",
    "forest": "benchmarks.strokes.peers:Forest",
    "forest+encoder": "benchmarks.strokes.peers:EncoderForest",
    "keras-unet": "benchmarks.strokes.textbook_unet:TextbookUNet",
}
OURS = "ours"
AFRESH = "ours, starting again"
"""Ours with the strokes of the last round and nothing learnt before."""


def load_method(name: str) -> Method:
    """Import one of `METHODS`, and nothing of the others."""
    module_name, _, class_name = METHODS[name].partition(":")
    module = import_module(module_name)
    return cast(Method, getattr(module, class_name)() if class_name else module)
