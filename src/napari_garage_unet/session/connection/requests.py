"""Requests to the engine process: answers call back, arrays go in shared memory.

It is over 300 lines because each request is a method here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.engine.images.sample import sample_planes
from napari_garage_unet.engine.inference.boxes import Box
from napari_garage_unet.process.protocol.messages import (
    Cancel,
    CloseImage,
    Died,
    Done,
    Event,
    Failed,
    LoadModel,
    OpenImage,
    Predict,
    Predicted,
    SaveModel,
    SetStrokes,
    SharedArray,
    Stop,
    Train,
    UseModel,
)
from napari_garage_unet.process.protocol.shared_arrays import BlockPool, SharedBlock

from .client import Client
from .open_requests import OnReply, OpenRequests
from .plane_reading import check_plane_size, is_read_by_plane, painted_planes
from .plane_supply import Plane, PlaneSupply

MAX_SAMPLED = 8
"""Planes of a lazy stack that are read where the contrast is to be that of all of it,
besides those that are painted."""

OnPredicted = Callable[[Event, NDArray[np.uint8] | None], None]
"""Called with the answer and ``(n_classes, h, w)`` uint8 probabilities, 255 is 1.

The array is None when the request failed. It lies in shared memory and is valid until
the callback returns; what is kept has to be copied.
"""


class EngineRequests:
    """Sends requests of a client and calls back with the answers.

    Parameters
    ----------
    client
        The client.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        # None where the engine gets the planes one by one.
        self._images: dict[str, SharedBlock | None] = {}
        self._strokes_ids: dict[str, int] = {}
        self._pool = BlockPool()
        self._open = OpenRequests(client, self._pool)
        self._planes = PlaneSupply(client, self._open)

    def poll(self) -> list[Event]:
        """Handle the answers that arrived; return all other events."""
        events = self._open.poll()
        for event in events:
            if isinstance(event, Died):
                self._planes.fail_all(event.message)
        return events + self._planes.poll()

    def has_image(self, key: str) -> bool:
        """Whether an image is open in the engine under a key."""
        return key in self._images

    def open_image(self, key: str, image: Image) -> None:
        """Give the engine a copy of an image, or only tell it of one that is large.

        The planes of an image that `is_read_by_plane` follow when they are needed.

        Raises
        ------
        GarageError
            If it cannot be shared, its planes are too large, or there is not enough
            shared memory.
        """
        block = None
        if is_read_by_plane(image):
            check_plane_size(image)
            dtype = np.dtype(image.data.dtype).str
            array = SharedArray("", tuple(int(n) for n in image.data.shape), dtype)
            self._planes.open(key, image)
        else:
            block = SharedBlock.copy_of(np.asarray(image.data))
            array = block.description
        self._images[key] = block
        mask = None
        if image.data_mask is not None:
            mask = SharedBlock.copy_of(np.asarray(image.data_mask))
        self._open.send(
            OpenImage(
                self._client.next_id(),
                key,
                array,
                image.axes,
                image.spacing,
                image.name,
                image.nodata,
                None if mask is None else mask.description,
            ),
            remove=[mask] if mask else [],
        )

    def close_image(self, key: str) -> None:
        """Close an image; its shared memory is freed with the answer."""
        if key not in self._images:
            return
        block = self._images.pop(key)
        self._strokes_ids.pop(key, None)
        planes = self._planes.close_image(key)
        request = CloseImage(self._client.next_id(), key)
        self._open.send(request, remove=planes if block is None else [block])

    def read_ahead(self, key: str, plane: PlaneIndex) -> None:
        """Read a plane that `predict` will need soon; without effect in memory."""
        self._planes.read_ahead(key, plane)

    def set_strokes(
        self,
        key: str,
        strokes: NDArray[Any],
        *,
        changed: tuple[slice, ...] | None = None,
        positions: Sequence[int] | None = None,
        on_answer: OnReply,
    ) -> int:
        """Give the engine a copy of the strokes of an image, or of what has changed.

        The planes on which they are painted are read first, where the engine does not
        have them.

        Parameters
        ----------
        key
            Key of the image.
        strokes
            All strokes, class ids of the image's spatial shape.
        changed
            Box outside which they equal those sent last; None when that is not known.
            Unused when none were sent, as after a restart of the engine.
        positions
            Positions of the first axis where something is painted, and perhaps others;
            None when that is not known. Of a large image no others are sent.
        on_answer
            Called with `Done`; with `StrokesNeeded` when the engine has other strokes
            than those sent last, so all have to be sent; or with `Failed`.

        Returns
        -------
        int
            The id that `Progress` and `Predicted` name once they were learnt from.

        Raises
        ------
        EngineError
            If there is not enough shared memory.
        """
        follows = self._strokes_ids.get(key, 0)
        box = changed if follows else None
        image = self._planes.image(key)
        held: list[Sequence[int]] = [range(n) for n in strokes.shape]
        if box is not None:
            positions, part = None, strokes[box]
            held = [range(span.start, span.stop) for span in box]
        elif positions is not None and image is not None:
            part, held[0] = strokes[list(positions)], positions
        else:
            positions, part = None, strokes
        block = self._pool.take(part.shape, part.dtype)
        np.copyto(block.array, part)
        request = SetStrokes(
            self._client.next_id(),
            key,
            block.description,
            None if box is None else tuple((s.start, s.stop) for s in box),
            0 if box is None else follows,
            None if positions is None else tuple(positions),
        )
        self._strokes_ids[key] = request.id

        def answered(event: Event) -> None:
            if not isinstance(event, Done):
                self._strokes_ids.pop(key, None)
            on_answer(event)

        def leave_out(plane: PlaneIndex) -> None:
            assert image is not None
            at = dict(zip(image.stack_axes, plane, strict=True))
            block.array[
                tuple(
                    known.index(at[axis]) if axis in at else slice(None)
                    for axis, known in zip(image.spatial_axes, held, strict=True)
                )
            ] = 0

        return self._planes.send(
            request,
            answered,
            key=key,
            planes=(
                [(key, index) for index in painted_planes(image, part, held)]
                if image is not None
                else []
            ),
            painted=True,
            in_order=True,
            leave_out=leave_out,
            recycle=[block],
        )

    def train(
        self,
        keys: Sequence[str],
        *,
        classes: Sequence[dict[str, Any]],
        preprocess: dict[str, Any],
        network: dict[str, Any],
        training: dict[str, Any],
        resume: bool,
        start_from: str | None,
        checkpoint: str,
        made_for: dict[str, Any],
        on_answer: OnReply,
    ) -> int:
        """Start training, see `Train`; returns the id that its `Progress` carries."""
        request = Train(
            self._client.next_id(),
            tuple(keys),
            tuple(classes),
            preprocess,
            network,
            training,
            resume,
            start_from,
            checkpoint,
            made_for,
        )

        def answered(event: Event) -> None:
            said = self._planes.unreadable(keys)
            if said and isinstance(event, Failed) and not event.cancelled:
                # What the engine misses are the strokes on what cannot be read.
                event = replace(event, message=said)
            on_answer(event)

        sampled = keys if preprocess.get("contrast") == "stack" else ()
        return self._planes.send(
            request,
            answered,
            planes=[plane for key in sampled for plane in self._sample(key)],
            painted=True,
            in_order=True,
            leave_out=lambda _: None,
        )

    def _sample(self, key: str) -> list[Plane]:
        """Return planes that stand for a whole stack, where all of it is asked for."""
        image = self._planes.image(key)
        if image is None:
            return []
        return [(key, index) for index in sample_planes(image, at_most=MAX_SAMPLED)]

    def stop(self) -> None:
        """End training after the step that is running."""
        message = "Training was stopped before it began."
        if not self._planes.withdraw(lambda held: isinstance(held, Train), message):
            self._open.send(Stop(self._client.next_id()))

    def predict(
        self,
        model: str,
        key: str,
        *,
        n_classes: int,
        size: tuple[int, int],
        plane: PlaneIndex,
        box: Box | None = None,
        step: int = 1,
        on_answer: OnPredicted,
    ) -> int:
        """Request the probabilities of a plane, or of a box in it.

        Parameters
        ----------
        model
            `LIVE` or the path of a model file.
        key
            Key of the image.
        n_classes
            Upper bound of the number of classes of the model.
        size
            Height and width of the plane.
        plane
            Its position along the axes in front of y and x.
        box
            ``(y0, y1, x0, x1)`` in pixels of the plane; None is all of it.
        step
            Pixels from one value to the next; the box begins at a multiple of it.
        on_answer
            Called with the answer and the probabilities.

        Raises
        ------
        EngineError
            If there is not enough shared memory.
        """
        y0, y1, x0, x1 = box or (0, size[0], 0, size[1])
        shape = (n_classes, -(-(y1 - y0) // step), -(-(x1 - x0) // step))
        block = self._pool.take(shape, np.uint8)
        request = Predict(
            self._client.next_id(),
            model,
            key,
            tuple(plane),
            block.description,
            box,
            step,
        )

        def hand_over(event: Event) -> None:
            if isinstance(event, Predicted):
                on_answer(event, block.array[: len(event.classes)])
            else:
                on_answer(event, None)

        return self._planes.send(
            request, hand_over, key=key, planes=[(key, plane)], recycle=[block]
        )

    def cancel(self, request_id: int) -> None:
        """Drop a `predict` by its id; without effect if it has been answered."""
        message = "The prediction was cancelled."
        if not self._planes.withdraw(lambda held: held.id == request_id, message):
            self._open.send(Cancel(self._client.next_id(), request_id))

    def load_model(self, path: str, *, on_answer: OnReply) -> None:
        """Load a model file."""
        self._open.send(LoadModel(self._client.next_id(), path), on_answer)

    def use_model(self, path: str, *, step: int, on_answer: OnReply) -> None:
        """Make a model file the live model; its state is named by `step`."""
        request = UseModel(self._client.next_id(), path, step)
        self._open.send(request, on_answer)

    def save_model(
        self,
        model: str,
        path: str,
        *,
        rules: dict[str, dict[str, Any]],
        presets: dict[str, dict[str, dict[str, Any]]],
        classes: Sequence[dict[str, Any]],
        on_answer: OnReply,
    ) -> None:
        """Write a model to a file with these rules, presets and class names."""
        request = SaveModel(
            self._client.next_id(), model, path, rules, tuple(classes), presets
        )
        self._open.send(request, on_answer)

    def forget_images(self) -> None:
        """Free the shared memory of all images, after the process has ended."""
        for block in self._images.values():
            if block is not None:
                block.close()
        self._images.clear()
        self._planes.forget()
        self._strokes_ids.clear()

    def close(self) -> None:
        """End the process and free all shared memory; open requests get no answer."""
        self._client.close()
        self._open.close()
        self.forget_images()
        self._planes.close()
        self._pool.close()
