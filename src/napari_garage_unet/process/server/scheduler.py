"""The turns of the engine process: requests first, then one short piece of work.

The work of a turn is what is pending, most often a tile of a prediction; else a step of
training. After the last tile of a prediction a step of training is taken before the
next prediction, so that many predictions cannot hold training up. With nothing else to
do, features of open images are computed ahead.

Importing this module loads TensorFlow.
"""

from __future__ import annotations

import gc
import logging
import time
from collections import deque
from dataclasses import dataclass

from napari_garage_unet.engine.compute.backend import versions
from napari_garage_unet.engine.compute.devices import current_devices
from napari_garage_unet.engine.errors import EngineError
from napari_garage_unet.engine.inference.feature_cache import FeatureCaches
from napari_garage_unet.engine.learning.warm_up import warm_up, warm_up_checks
from napari_garage_unet.process.protocol.messages import (
    LIVE,
    Cancel,
    Done,
    Failed,
    LoadModel,
    ModelReady,
    Predict,
    Predicted,
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
from .training_run import TrainingRun
from .transport import Inbox, Outbox

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Idle:
    """No training runs.

    Parameters
    ----------
    last
        The training that ran last, which the next one may go on with.
    """

    last: TrainingRun | None = None


@dataclass(frozen=True, slots=True, eq=False)
class KeepBest:
    """The best state of a training that has ended is still to become the live model."""

    run: TrainingRun


class Scheduler:
    """Carries out requests, one short turn after the other.

    It is idle or training. Pending jobs take turns before the training does. A
    prediction stays pending until its last tile, so that all tiles are of one state;
    after it the training is pending for one step, before other predictions. When
    training ends, keeping its best state is pending before everything else.

    Parameters
    ----------
    inbox
        Requests that wait.
    images
        Open images and their strokes.
    outbox
        Takes events to the viewer.
    """

    def __init__(self, inbox: Inbox, images: ImageRegistry, outbox: Outbox) -> None:
        self._inbox, self._images, self._outbox = inbox, images, outbox
        self._models = ModelCache()
        self._caches = FeatureCaches()
        self._prefetch = Prefetch(images, self._caches)
        self._state: Idle | TrainingRun = Idle()
        # What takes the next turns, first to last: predictions in the order they came,
        # the training where it is due for a step between two predictions, and before
        # all, once training has ended, that its best state is kept.
        self._pending: deque[PredictionJob | TrainingRun | KeepBest] = deque()
        self._cold_since: float | None = None

    def run(self) -> None:
        """Send `Ready`, warm up, and take turns until the process is to end."""
        devices = current_devices()
        self._outbox.send(Ready(devices.text, versions(), devices.note))
        self._cold_since = time.perf_counter()
        # A training that is asked for already would only wait for the warm-up.
        if not self._inbox.holds(Train):
            failed = self._outbox.attempt(None, warm_up)
            if failed is None:
                self._send_warm()
                if not self._inbox.holds(Train):
                    self._outbox.attempt(None, warm_up_checks)
        while not self._inbox.closed:
            rests = isinstance(self._state, Idle) and not self._pending
            prefetches = rests and self._prefetch.has_more()
            for request in self._inbox.take(wait=rests and not prefetches):
                self._handle(request)
            self._take_turn(prefetches)

    def _take_turn(self, prefetches: bool) -> None:
        if self._pending:
            match self._pending[0]:
                case KeepBest():
                    self._keep_best()
                case PredictionJob() as prediction:
                    self._predict(prediction)
                case TrainingRun() as run:
                    self._pending.popleft()
                    self._step(run)
        elif isinstance(self._state, TrainingRun):
            self._step(self._state)
        elif prefetches:
            self._outbox.attempt(None, self._prefetch.advance)

    def _handle(self, request: Request) -> None:
        outbox = self._outbox
        if isinstance(request, Train | SaveModel | UseModel):
            self._keep_best()
        match request:
            case Train():
                outbox.attempt(request.id, lambda: self._start_training(request))
            case Stop():
                if isinstance(self._state, TrainingRun):
                    self._end_training(self._state)
                outbox.send(Done(request.id))
            case Predict():
                self._pending.append(PredictionJob(request))
            case Cancel():
                self._cancel(request)
            case LoadModel(id, path):
                outbox.answer(
                    id, lambda: ModelReady(id, path, self._models.load(path).info())
                )
            case SaveModel(id, _, path):
                outbox.answer(
                    id, lambda: ModelReady(id, path, self._models.save(request).info())
                )
            case UseModel():
                outbox.answer(request.id, lambda: self._use(request))
            case _:
                outbox.attempt(request.id, lambda: _refuse(request))

    def _start_training(self, request: Train) -> None:
        if isinstance(self._state, TrainingRun):
            raise EngineError("Training is running already; stop it first.")
        # TensorFlow's graphs lie in reference cycles; those of the last training
        # would add up otherwise.
        gc.collect()
        self._state = TrainingRun(
            request,
            self._images,
            self._models,
            caches=self._caches,
            former=self._state.last,
        )

    def _use(self, request: UseModel) -> ModelReady:
        if isinstance(self._state, TrainingRun):
            raise EngineError("Training is running; stop it first.")
        model = self._models.use(request.path, request.step)
        # The next training goes on from this model, not from the last training.
        self._state = Idle()
        self._restart_live_predictions()
        return ModelReady(request.id, request.path, model.info())

    def _step(self, run: TrainingRun) -> None:
        """Compute missing features of new strokes, or take a step of training."""
        attempt, id = self._outbox.attempt, run.request.id
        # Strokes that cannot be learnt from are reported; training goes on without.
        attempt(None, run.take_new_strokes)
        computed = attempt(id, run.compute_next_features)
        if computed is True:
            return
        if isinstance(computed, Failed) or isinstance(
            attempt(id, lambda: self._advance(run)), Failed
        ):
            self._state = Idle(run)
            return
        self._send_warm()
        if self._state is run:
            attempt(None, run.checkpoint)

    def _advance(self, run: TrainingRun) -> None:
        """Take a step and report it; when none is left, end the training."""
        progress = run.advance()
        if progress is None:
            self._end_training(run)
        else:
            self._models.live = run.live()
            self._outbox.send(progress)

    def _end_training(self, run: TrainingRun) -> None:
        """Answer at once; validating the state that stays has a turn of its own."""
        self._state = Idle(run)
        if run in self._pending:
            self._pending.remove(run)
        if run.step > 0:
            self._pending.appendleft(KeepBest(run))
        self._outbox.send(run.end())

    def _keep_best(self) -> None:
        """Make the best state of a training that has ended the live model, if any."""
        first = self._pending[0] if self._pending else None
        if not isinstance(first, KeepBest):
            return
        self._pending.popleft()
        run = first.run
        best = self._outbox.attempt(None, run.best)
        if not isinstance(best, Failed):
            self._models.live = best
        self._outbox.attempt(None, lambda: run.checkpoint(now=True))
        self._restart_live_predictions()

    def _restart_live_predictions(self) -> None:
        """Begin predictions of the live model anew, so that none is of two states."""
        for job in self._pending:
            if isinstance(job, PredictionJob) and job.request.model == LIVE:
                job.restart()

    def _predict(self, job: PredictionJob) -> None:
        """Compute a tile, or answer after the last one; then a step is pending."""
        answer = self._outbox.attempt(
            job.request.id, lambda: job.advance(self._images, self._models)
        )
        if answer is None:  # There are more tiles.
            return
        # Before the answer is sent: on it the viewer frees the shared memory.
        job.close()
        if isinstance(answer, Predicted):
            self._outbox.send(answer)
        self._pending.popleft()
        if isinstance(self._state, TrainingRun):
            self._pending.appendleft(self._state)

    def _cancel(self, request: Cancel) -> None:
        for job in list(self._pending):
            if isinstance(job, PredictionJob) and job.request.id == request.request:
                self._pending.remove(job)
                job.close()
                self._outbox.send(
                    Failed(
                        job.request.id, "The prediction was cancelled.", cancelled=True
                    )
                )
        self._outbox.send(Done(request.id))

    def _send_warm(self) -> None:
        """Tell the viewer once that the network has been traced."""
        if self._cold_since is not None:
            self._outbox.send(Warm(time.perf_counter() - self._cold_since))
            self._cold_since = None


def _refuse(request: Request) -> None:
    raise EngineError(
        f"The engine does not know what {type(request).__name__} means; "
        "restart napari after an update."
    )
