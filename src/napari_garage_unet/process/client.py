"""The viewer's half of the wall: what can be asked of the engine process.

Arrays are handed over in shared memory, which is looked after here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .link import EngineLink, OnAnswer, Pending
from .messages import (
    Cancel,
    CloseImage,
    Event,
    LoadModel,
    OpenImage,
    Predict,
    Predicted,
    SaveModel,
    SetStrokes,
    Stop,
    Train,
)
from .shared import SharedBlock

OnPredicted = Callable[[Event, NDArray[np.uint8] | None], None]
"""Called with the answer and ``(n_classes, h, w)`` probabilities, 255 is certain.

The array is None when the request has failed. It lies in shared memory and is valid
until the callback returns, so copy what is to be kept.
"""


@dataclass(frozen=True, slots=True)
class _OpenedImage:
    block: SharedBlock
    axes: str
    spacing: tuple[float, ...]
    name: str


class EngineClient(EngineLink):
    """Ask the engine process to train, predict, load and save.

    Every method returns at once with the id of its request. The answer is an event
    of `poll`, which also calls ``on_answer`` with it. See `EngineLink` for the rest.
    Images stay open through a restart; strokes and models have to be sent again.

    Examples
    --------
    >>> client = EngineClient()
    >>> client.start()
    >>> client.is_alive
    True
    >>> client.close()
    """

    def __init__(self, *, command: Sequence[str] | None = None) -> None:
        super().__init__(command=command)
        self._images: dict[str, _OpenedImage] = {}

    def close(self) -> None:
        """End the process and remove all shared memory. May be called twice.

        Requests stay unanswered and their callbacks are not called.
        """
        super().close()
        for image in self._images.values():
            image.block.close()
        self._images.clear()

    def open_image(
        self,
        key: str,
        array: NDArray[Any],
        *,
        axes: str,
        spacing: tuple[float, ...] = (),
        name: str = "image",
        on_answer: OnAnswer | None = None,
    ) -> int:
        """Give the engine a copy of an image, in place of one with the same key.

        It stays open, through restarts too, until `close_image`.

        Raises
        ------
        InputError
            If the array has a type that cannot be shared.
        EngineError
            If there is not enough shared memory.
        """
        block = SharedBlock.copy_of(array)
        former = self._images.get(key)
        self._images[key] = _OpenedImage(block, axes, spacing, name)
        pending = Pending(on_answer)
        if former is not None:
            pending.remove.append(former.block)
        return self._announce(key, pending)

    def close_image(self, key: str, *, on_answer: OnAnswer | None = None) -> int:
        """Have an image forgotten and free its memory."""
        pending = Pending(on_answer)
        image = self._images.pop(key, None)
        if image is not None:
            pending.remove.append(image.block)
        return self._send(CloseImage(self.next_id(), key), pending)

    def set_strokes(
        self, key: str, array: NDArray[Any], *, on_answer: OnAnswer | None = None
    ) -> int:
        """Give the engine a copy of the strokes of an image.

        Raises
        ------
        InputError
            If the array has a type that cannot be shared.
        EngineError
            If there is not enough shared memory.
        """
        block = self._pool.take(array.shape, array.dtype)
        np.copyto(block.array, array)
        request = SetStrokes(self.next_id(), key, block.description)
        return self._send(request, Pending(on_answer, recycle=[block]))

    def train(
        self,
        keys: Sequence[str],
        *,
        classes: Sequence[dict[str, Any]] = (),
        preprocess: dict[str, Any] | None = None,
        network: dict[str, Any] | None = None,
        training: dict[str, Any] | None = None,
        resume: bool = False,
        start_from: str | None = None,
        checkpoint: str | None = None,
        on_answer: OnAnswer | None = None,
    ) -> int:
        """Start training; see `Train`."""
        request = Train(
            self.next_id(),
            tuple(keys),
            tuple(classes),
            preprocess or {},
            network or {},
            training or {},
            resume,
            start_from,
            checkpoint,
        )
        return self.send(request, on_answer)

    def stop(self, *, on_answer: OnAnswer | None = None) -> int:
        """End training after the step that is running."""
        return self.send(Stop(self.next_id()), on_answer)

    def predict(
        self,
        model: str,
        key: str,
        *,
        n_classes: int,
        size: tuple[int, int],
        plane: tuple[int, ...] = (),
        box: tuple[int, int, int, int] | None = None,
        on_answer: OnPredicted,
    ) -> int:
        """Ask for the probabilities of a plane, or of a box in it.

        Parameters
        ----------
        model
            `LIVE` or the path of a model file.
        key
            Key of the image.
        n_classes
            How many classes there may be. The model may have fewer; the array of the
            answer has as many rows as the model, in the order of
            `Predicted.classes`.
        size
            Height and width of the box, or of the plane without one.
        plane
            Position along the axes in front of y and x.
        box
            ``(y0, y1, x0, x1)`` in pixels of the plane.
        on_answer
            Called with the answer and the probabilities.

        Raises
        ------
        EngineError
            If there is not enough shared memory.
        """
        block = self._pool.take((n_classes, *size), np.uint8)
        request = Predict(
            self.next_id(), model, key, tuple(plane), block.description, box
        )

        def hand_over(event: Event) -> None:
            if isinstance(event, Predicted):
                on_answer(event, block.array[: len(event.classes)])
            else:
                on_answer(event, None)

        return self._send(request, Pending(hand_over, recycle=[block]))

    def cancel(self, request: int, *, on_answer: OnAnswer | None = None) -> int:
        """Drop a `predict` by its id; nothing happens if it has been answered."""
        return self.send(Cancel(self.next_id(), request), on_answer)

    def load_model(self, path: str, *, on_answer: OnAnswer | None = None) -> int:
        """Load a model file, again if it is loaded already."""
        return self.send(LoadModel(self.next_id(), path), on_answer)

    def save_model(
        self,
        model: str,
        path: str,
        *,
        rules: dict[str, dict[str, Any]] | None = None,
        on_answer: OnAnswer | None = None,
    ) -> int:
        """Write a model to a file, with these thresholds if any are given."""
        request = SaveModel(self.next_id(), model, path, rules or {})
        return self.send(request, on_answer)

    def _greet(self) -> None:
        for key in self._images:
            self._announce(key, Pending())

    def _announce(self, key: str, pending: Pending) -> int:
        image = self._images[key]
        request = OpenImage(
            self.next_id(),
            key,
            image.block.description,
            image.axes,
            image.spacing,
            image.name,
        )
        return self._send(request, pending)
