"""The engine's turns: requests first, then a tile of a prediction, then a step.

With nothing to do, it computes features of open images ahead.

Importing this module loads TensorFlow.
"""

from __future__ import annotations

import gc
import logging
import time
from collections import deque

from napari_garage_unet.engine.compute.backend import versions
from napari_garage_unet.engine.compute.devices import current_devices
from napari_garage_unet.engine.errors import EngineError
from napari_garage_unet.engine.inference.feature_cache import FeatureCaches
from napari_garage_unet.engine.learning.warm_up import warm_up, warm_up_checks
from napari_garage_unet.process.protocol.messages import (
    LIVE,
    Cancel,
    Done,
    Event,
    Failed,
    LoadModel,
    ModelReady,
    Predict,
    Ready,
    Request,
    SaveModel,
    Stop,
    Train,
    UseModel,
    Warm,
)

from .images import ImageRegistry
from .models import ModelCache
from .prediction_job import PredictionJob
from .prefetch import Prefetch
from .training_job import TrainingJob
from .transport import Inbox, Outbox

logger = logging.getLogger(__name__)


class Loop:
    """Carry out what the viewer asks for, one short turn after the other.

    A prediction is computed without training in between, so that all its tiles are of
    one state; between two predictions there is at least one step.

    Parameters
    ----------
    inbox
        Where requests wait.
    desk
        Where images and strokes lie.
    outbox
        Where answers go.
    """

    def __init__(self, inbox: Inbox, desk: ImageRegistry, outbox: Outbox) -> None:
        self._inbox, self._desk, self._outbox = inbox, desk, outbox
        self._shelf = ModelCache()
        self._stores = FeatureCaches()
        self._rehearsal = Prefetch(desk, self._stores)
        self._training: TrainingJob | None = None
        self._last: TrainingJob | None = None
        self._ended: TrainingJob | None = None
        self._predictions: deque[PredictionJob] = deque()
        self._owes_step = False
        self._warm = False

    def run(self) -> None:
        """Say `Ready`, warm up, and take turns until the process is to end."""
        devices = current_devices()
        self._outbox.send(Ready(devices.text, versions(), devices.note))
        self._begin = time.perf_counter()
        # Whoever presses Train already need not wait for a practice run.
        if not self._inbox.holds(Train) and self._outbox.attempt(None, warm_up):
            self._say_warm()
            if not self._inbox.holds(Train):
                self._outbox.attempt(None, warm_up_checks)
        while not self._inbox.closed:
            idle = not (self._training or self._ended or self._predictions)
            rehearses = idle and self._rehearsal.has_more()
            for request in self._inbox.take(wait=idle and not rehearses):
                self._handle(request)
            if self._ended is not None:
                self._keep_best()
            elif self._predictions and not self._owes_step:
                self._predict()
            elif self._training is not None:
                self._step(self._training)
            elif rehearses:
                self._outbox.attempt(None, self._rehearsal.advance)

    def _handle(self, request: Request) -> None:
        outbox = self._outbox
        if isinstance(request, Train | SaveModel | UseModel):
            self._keep_best()
        match request:
            case Train():
                outbox.attempt(request.id, lambda: self._start_training(request))
            case Stop():
                if self._training is not None:
                    self._end_training(self._training)
                outbox.send(Done(request.id))
            case Predict():
                self._predictions.append(PredictionJob(request))
            case Cancel():
                self._cancel(request)
            case LoadModel(id, path):
                outbox.attempt(
                    id, lambda: ModelReady(id, path, self._shelf.load(path).info())
                )
            case SaveModel(id, _, path):
                outbox.attempt(
                    id, lambda: ModelReady(id, path, self._shelf.save(request).info())
                )
            case UseModel():
                outbox.attempt(request.id, lambda: self._use(request))
            case _:
                outbox.attempt(request.id, lambda: _refuse(request))

    def _start_training(self, request: Train) -> None:
        if self._training is not None:
            raise EngineError("Training is running already; stop it first.")
        # TensorFlow's graphs lie in reference cycles; those of the last training
        # would add up otherwise.
        gc.collect()
        self._training = self._last = TrainingJob(
            request,
            self._desk,
            self._shelf,
            stores=self._stores,
            former=self._last,
        )

    def _use(self, request: UseModel) -> Event:
        if self._training is not None:
            raise EngineError("Training is running; stop it first.")
        model = self._shelf.use(request.path, request.step)
        # What was trained last is not what is to be gone on with.
        self._last = None
        self._begin_again()
        return ModelReady(request.id, request.path, model.info())

    def _step(self, job: TrainingJob) -> None:
        self._owes_step = False
        self._outbox.attempt(None, job.take_new_strokes)

        def advance() -> None:
            progress = job.advance()
            if progress is None:
                self._end_training(job)
            else:
                self._shelf.live = job.live()
                self._outbox.send(progress)

        prepares = False

        def prepare() -> None:
            nonlocal prepares
            prepares = job.prepares()

        went_well = self._outbox.attempt(job.request.id, prepare)
        if prepares:
            return
        if not went_well or not self._outbox.attempt(job.request.id, advance):
            self._training = None
            return
        if not self._warm:
            self._say_warm()
        if self._training is not None:
            self._outbox.attempt(None, job.checkpoint)

    def _end_training(self, job: TrainingJob) -> None:
        """Answer at once; checking which state is to stay has a turn of its own."""
        self._training = None
        self._owes_step = False
        self._ended = job if job.step > 0 else None
        self._outbox.send(job.end())

    def _keep_best(self) -> None:
        """Make the best state of a training that has ended the live model."""
        job, self._ended = self._ended, None
        if job is None:
            return

        def keep() -> None:
            self._shelf.live = job.best()

        self._outbox.attempt(None, keep)
        self._outbox.attempt(None, lambda: job.checkpoint(now=True))
        self._begin_again()

    def _begin_again(self) -> None:
        # What is half computed would be of two states.
        for prediction in self._predictions:
            if prediction.request.model == LIVE:
                prediction.begin_again()

    def _predict(self) -> None:
        job = self._predictions[0]
        finished = False

        def advance() -> Event | None:
            nonlocal finished
            answer = job.advance(self._desk, self._shelf)
            finished = answer is not None
            if finished:
                job.close()
            return answer

        if not self._outbox.attempt(job.request.id, advance) or finished:
            job.close()
            self._predictions.popleft()
            self._owes_step = self._training is not None

    def _cancel(self, request: Cancel) -> None:
        for job in list(self._predictions):
            if job.request.id == request.request:
                self._predictions.remove(job)
                job.close()
                self._outbox.send(
                    Failed(
                        job.request.id, "The prediction was cancelled.", cancelled=True
                    )
                )
        self._outbox.send(Done(request.id))

    def _say_warm(self) -> None:
        self._warm = True
        self._outbox.send(Warm(time.perf_counter() - self._begin))


def _refuse(request: Request) -> None:
    raise EngineError(
        f"The engine does not know what {type(request).__name__} means; "
        "restart napari after an update."
    )
