"""One training of the engine process, a step per turn."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import numpy as np

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.annotations.strokes import StrokeEdit
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.inference.feature_cache import FeatureCaches
from napari_garage_unet.engine.inference.predictor import Predictor
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.learning.events import StopReason
from napari_garage_unet.engine.learning.training import Training
from napari_garage_unet.engine.models.loading import load_model
from napari_garage_unet.engine.models.made_for import MadeFor
from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.settings import from_json
from napari_garage_unet.process.protocol.messages import (
    LIVE,
    Progress,
    Train,
    Trained,
)

from .images import ImageRegistry
from .models import ModelCache, ModelInUse, Source

logger = logging.getLogger(__name__)

FIRST_CHECKPOINT_SECONDS = 2.0
"""Seconds from the start to the first checkpoint."""

MIN_SECONDS_BETWEEN_CHECKPOINTS = 5.0

PAUSE_AFTER_CHECKPOINT = 20
"""Least time between two checkpoints, in multiples of what the first one took."""


class TrainingRun:
    """Answers a `Train` request, one step per turn.

    Parameters
    ----------
    request
        The request.
    images
        Open images, and their strokes as they change.
    models
        Has the live model, to go on from.
    caches
        Caches of features that have been computed before.
    former
        The last run. Its training goes on with other strokes if the request resumes
        with the same images, network and preprocessing.

    Attributes
    ----------
    step
        Steps taken for this request.

    Raises
    ------
    GarageError
        If training cannot begin.
    """

    def __init__(
        self,
        request: Train,
        images: ImageRegistry,
        models: ModelCache,
        *,
        caches: FeatureCaches | None = None,
        former: TrainingRun | None = None,
    ) -> None:
        self.request = request
        self.step = 0
        self._registry = images
        self._seconds = 0.0
        self._images = [images.image(key) for key in request.keys]
        # The ids first: the strokes may change at any moment, and to take a change
        # twice changes nothing.
        self._strokes_ids = [images.strokes_id(key) for key in request.keys]
        strokes = [images.strokes(key) for key in request.keys]
        self._newest_strokes = max(self._strokes_ids)
        self._next_checkpoint = time.perf_counter() + FIRST_CHECKPOINT_SECONDS
        self._predictor: Predictor | None = None
        self.training: Training
        classes = [from_json(ClassInfo, values) for values in request.classes]
        config = from_json(TrainingConfig, request.training)
        if former is not None and self._goes_on_with(former):
            self.training = former.training
            self.training.set_strokes(strokes, classes=classes, training=config)
        else:
            self.training = Training(
                self._images,
                strokes,
                classes=classes,
                preprocess=(
                    from_json(PreprocessConfig, request.preprocess)
                    if request.preprocess
                    else None
                ),
                network=from_json(NetworkConfig, request.network),
                training=config,
                start_from=_start_from(request, models),
                caches=caches,
            )
        self.training.made_for = MadeFor.from_json(request.made_for)
        # Steps and seconds of former runs of the training do not count.
        self._before = self.training.steps, self.training.seconds
        self._ahead: Iterator[None] | None = self.training.prepare()
        self._steps = self.training.run()

    def _goes_on_with(self, former: TrainingRun) -> bool:
        """Whether the training of a former run goes on with other strokes."""
        images = former.training.images
        return (
            self.request.resume
            and self.request.start_from is None
            and self.request.network == former.request.network
            and self.request.preprocess == former.request.preprocess
            and len(images) == len(self._images)
            and all(a is b for a, b in zip(images, self._images, strict=True))
        )

    def compute_next_features(self) -> bool:
        """Compute a block of features that the next step needs, if one is missing.

        Returns
        -------
        bool
            Whether a block was computed; when not, the step can be taken.
        """
        if self._ahead is None:
            return False
        if next(self._ahead, self) is self:
            self._ahead = None
        return self._ahead is not None

    def advance(self) -> Progress | None:
        """Take a step; None if training has ended by itself."""
        done = next(self._steps, None)
        if done is None:
            return None
        steps_before, seconds_before = self._before
        self.step = done.step - steps_before
        self._seconds = done.seconds - seconds_before
        check = done.validation
        return Progress(
            self.request.id,
            self.step,
            self._seconds,
            done.loss,
            None if check is None else check.loss,
            None if check is None else check.accuracy,
            check is not None and check.best,
            self._newest_strokes,
        )

    def take_new_strokes(self) -> None:
        """Hand the present strokes to the training, if they have changed.

        Raises
        ------
        InputError
            If nothing can be learnt from them; the former ones stay in use. Raised
            only once for the same strokes.
        """
        edits: list[tuple[int, StrokeEdit]] = []
        for number, (key, image) in enumerate(
            zip(self.request.keys, self._images, strict=True)
        ):
            try:
                if self._registry.image(key) is not image:
                    continue
                newest, of_image = self._registry.edits_since(
                    key, self._strokes_ids[number]
                )
            except InputError:
                # The image was closed; what was painted on it is still learnt from.
                continue
            self._strokes_ids[number] = newest
            edits += [(number, edit) for edit in of_image]
        if edits:
            self.training.edit_strokes(edits)
            self._newest_strokes = max(self._strokes_ids)
            self._ahead = self.training.prepare()

    def live(self) -> ModelInUse:
        """Return the model as it is now."""
        predictor = self.training.predictor()
        # The same predictor as long as the network is the same, because it caches
        # preprocessed pixels.
        if self._predictor is None or self._predictor.network is not predictor.network:
            self._predictor = predictor
        classes = tuple(info.id for info in self.training.classes)
        source = Source(self._predictor, classes, self.step, self._newest_strokes)
        return ModelInUse(source, self.training.model)

    def end(self) -> Trained:
        """Return the answer to the request, for a training that ends now."""
        reason = self.training.reason or StopReason.STOPPED
        return Trained(
            self.request.id,
            reason,
            self.step,
            self._seconds,
            self.training.validated,
            tuple(info.id for info in self.training.classes),
        )

    def best(self) -> ModelInUse:
        """Return the model that stays, after validating the present state."""
        model = self.training.model()
        source = self.live().source
        # The state that is kept may be an earlier one than the present one.
        source.predictor.network.load_state(model.state)
        return ModelInUse(source, lambda: model)

    def checkpoint(self, *, now: bool = False) -> None:
        """Write the checkpoint file, if there is to be one and it is due.

        A state that is not validated waits, because validating takes long.

        Parameters
        ----------
        now
            Write it even if it is not due.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        begin = time.perf_counter()
        due = begin >= self._next_checkpoint and self.training.checked
        if self.request.checkpoint is None or not (now or due):
            return
        self._next_checkpoint = np.inf  # After a failure there is no other try.
        self.training.model().save(self.request.checkpoint)
        took = time.perf_counter() - begin
        self._next_checkpoint = begin + max(
            MIN_SECONDS_BETWEEN_CHECKPOINTS, PAUSE_AFTER_CHECKPOINT * took
        )


def _start_from(request: Train, models: ModelCache) -> Model | None:
    """Return the model that the training goes on from, if any."""
    if request.start_from is not None:
        return load_model(request.start_from)
    return models.model(LIVE) if request.resume else None
