"""An engine that answers at once, in this process, without TensorFlow.

Its "model" knows the mean brightness of each painted class; the nearer a pixel is to
it, the more probable the class. That is enough to tell right results from wrong ones.
"""

from __future__ import annotations

import itertools
import json
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from napari_garage_unet.engine.annotations.strokes import check_strokes, collect_strokes
from napari_garage_unet.engine.errors import GarageError, InputError
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.planes_at_hand import PlanesAtHand
from napari_garage_unet.engine.learning.events import StopReason
from napari_garage_unet.process.protocol.messages import (
    Cancel,
    CloseImage,
    Died,
    Done,
    DropPlane,
    Event,
    Failed,
    LoadModel,
    ModelReady,
    OpenImage,
    Predict,
    Predicted,
    Progress,
    Ready,
    Request,
    SaveModel,
    SetPlane,
    SetStrokes,
    Stop,
    StrokesNeeded,
    Train,
    Trained,
    UseModel,
    Warm,
)
from napari_garage_unet.process.protocol.shared_arrays import AttachedBlock


class SynchronousEngine:
    """Takes the place of `EngineClient`; every poll of a training is one step."""

    def __init__(self) -> None:
        self.starts = 0
        self.closed = False
        self.requests: list[Request] = []
        self.predictions_waiting = 0
        self.most_waiting = 0
        self.holds_predictions = False
        self.ignores_stop = False
        self.holds_strokes = False
        self.refuses_training = ""
        self.images: dict[str, Image] = {}
        self.strokes: dict[str, Any] = {}
        self.strokes_ids: dict[str, int] = {}
        self.training: Train | None = None
        self.model: dict[int, float] = {}
        self.info: dict[str, Any] = {}
        self.step = 0
        self.strokes_id = 0
        self._ids = itertools.count(1)
        self._events: deque[Event] = deque()
        self._held: deque[Predict] = deque()
        self.strokes_held: deque[SetStrokes] = deque()

    @property
    def is_alive(self) -> bool:
        return self.starts > 0 and not self.closed

    def start(self) -> None:
        self.starts += 1
        self._events += [
            Ready("CPU, 2 cores", {"tensorflow": "none"}, "No GPU."),
            Warm(0.0),
        ]

    def restart(self) -> None:
        self.images.clear()
        self.strokes.clear()
        self.strokes_ids.clear()
        self.training = None
        self.model = {}
        self.start()

    def close(self) -> None:
        self.closed = True

    def next_id(self) -> int:
        return next(self._ids)

    def send(self, request: Request) -> None:
        self.requests.append(request)
        try:
            self._events.extend(self._answers(request))
        except GarageError as error:
            self._events.append(Failed(request.id, str(error)))

    def poll(self) -> list[Event]:
        if self.training is not None:
            self.step += 1
            self._learn()
            self._events.append(
                Progress(
                    self.training.id,
                    self.step,
                    self.step / 10,
                    1 / self.step,
                    strokes=self.strokes_id,
                )
            )
        if not self.holds_predictions:
            while self._held:
                self._events.append(self._predict(self._held.popleft()))
        events = list(self._events)
        self._events.clear()
        return events

    @property
    def predictions_held(self) -> int:
        """Predictions that were asked for and are not answered."""
        return len(self._held)

    def release_strokes(self) -> None:
        """Answer the strokes that were held back."""
        self.holds_strokes = False
        while self.strokes_held:
            self._events += self._answers(self.strokes_held.popleft())

    def die(self) -> None:
        """Be killed: what was asked stays without an answer, then there is `Died`."""
        if self.training is not None:
            self._events.append(Failed(self.training.id, "The engine stopped."))
        self._events += [Failed(p.id, "The engine stopped.") for p in self._held]
        self._held.clear()
        self.training = None
        self._events.append(Died("The engine stopped. Restart it.", "exit code -9"))

    def sent(self, kind: type) -> list[Any]:
        """Requests of a kind, in the order they came."""
        return [request for request in self.requests if isinstance(request, kind)]

    def _answers(self, request: Request) -> list[Event]:
        match request:
            case OpenImage():
                array: Any = None
                if request.array.segment:
                    array = AttachedBlock(request.array).array.copy()
                else:
                    shape, dtype = request.array.shape, request.array.dtype
                    array = PlanesAtHand(shape, dtype, request.axes, name=request.name)
                mask = request.mask and AttachedBlock(request.mask).array.copy()
                self.images[request.key] = Image(
                    array,
                    request.axes,
                    request.spacing,
                    name=request.name,
                    nodata=request.nodata,
                    data_mask=mask,
                )
            case CloseImage():
                self.images.pop(request.key, None)
            case SetPlane(key=key, plane=plane):
                data = self.images[key].data
                assert isinstance(data, PlanesAtHand)
                data.put(plane, AttachedBlock(request.array).array.copy())
            case DropPlane(key=key, plane=plane):
                data = self.images[key].data
                assert isinstance(data, PlanesAtHand)
                data.drop(plane)
            case SetStrokes() if self.holds_strokes:
                self.strokes_held.append(request)
                return []
            case SetStrokes():
                array = AttachedBlock(request.array).array.copy()
                if request.box is not None:
                    if request.follows != self.strokes_ids.get(request.key):
                        return [StrokesNeeded(request.id, request.key)]
                    box = tuple(slice(*span) for span in request.box)
                    array, part = self.strokes[request.key].copy(), array
                    array[box] = part
                elif request.positions is not None:
                    part = array
                    shape = self.images[request.key].spatial_shape
                    array = np.zeros(shape, part.dtype)
                    for position, of_it in zip(request.positions, part, strict=True):
                        array[position] = of_it
                check_strokes(self.images[request.key], array)
                self.strokes[request.key] = array
                self.strokes_id = self.strokes_ids[request.key] = request.id
            case Train() if self.refuses_training:
                raise InputError(self.refuses_training)
            case Train():
                collect_strokes(
                    [self.images[key] for key in request.keys],
                    [self.strokes[key] for key in request.keys],
                )
                self.step = self.step if request.resume else 0
                self.training = request
                return []
            case Stop() if self.ignores_stop:
                return []
            case Stop():
                return [*self._end(StopReason.STOPPED), Done(request.id)]
            case Predict():
                self._held.append(request)
                self.most_waiting = max(self.most_waiting, len(self._held))
                return []
            case Cancel():
                for held in list(self._held):
                    if held.id == request.request:
                        self._held.remove(held)
                        return [Failed(held.id, "Cancelled.", cancelled=True)]
            case UseModel():
                known = json.loads(Path(request.path).read_bytes())
                self.model = {int(i): mean for i, mean in known.items()}
                self.step = request.step
                return [ModelReady(request.id, request.path, {})]
            case SaveModel():
                if Path(request.path).parent.is_dir():
                    Path(request.path).write_text(json.dumps(self.model))
                return [ModelReady(request.id, request.path, self.info)]
            case LoadModel():
                return [ModelReady(request.id, request.path, {})]
        return [Done(request.id)]

    def finish(self, reason: StopReason = StopReason.TIME) -> None:
        """Let training end by itself."""
        self._events += self._end(reason)

    def _end(self, reason: StopReason) -> list[Event]:
        if self.training is None:
            return []
        number, self.training = self.training.id, None
        classes = tuple(self.model)
        return [Trained(number, reason, self.step, self.step / 10, False, classes)]

    def _learn(self) -> None:
        assert self.training is not None
        sums: dict[int, list[float]] = {}
        for key in self.training.keys:
            image, strokes = self.images[key], self.strokes[key]
            for index in image.plane_indices():
                painted = image.spatial_plane(strokes, index)
                if not painted.any():
                    continue
                plane = image.plane(index).mean(axis=-1)
                for class_id in np.unique(painted[painted > 0]):
                    sums.setdefault(int(class_id), []).append(
                        float(plane[painted == class_id].mean())
                    )
        self.model = {i: float(np.mean(sums[i])) for i in sorted(sums)}

    def _predict(self, request: Predict) -> Event:
        image = self.images.get(request.key)
        if image is None:
            return Failed(request.id, "There is no such image.")
        if not self.model:
            return Failed(request.id, "Nothing has been learnt yet.")
        plane = image.plane(request.plane).mean(axis=-1)
        means = np.array(list(self.model.values()))[:, np.newaxis, np.newaxis]
        closeness = np.exp(-(((plane - means) / 60) ** 2))
        probabilities = closeness / closeness.sum(axis=0)
        y0, y1, x0, x1 = request.box or (0, plane.shape[0], 0, plane.shape[1])
        step = request.pixel_step
        probabilities = probabilities[:, y0:y1:step, x0:x1:step]
        block = AttachedBlock(request.result, writable=True)
        block.array[: len(means)] = np.rint(probabilities * 255)
        block.close()
        return Predicted(request.id, self.step, 0.0, tuple(self.model), self.strokes_id)
