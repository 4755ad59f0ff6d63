"""What takes the engine long, cut into turns so that requests are seen in between."""

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
from .models import LiveModel, ModelCache, Source

logger = logging.getLogger(__name__)

FIRST_CHECKPOINT_SECONDS = 2.0
CHECKPOINT_SECONDS = 5.0
"""Shortest time between two checkpoints; a twentieth of the time goes into them."""


class TrainingJob:
    """The training a `Train` has asked for, one step per turn.

    Parameters
    ----------
    request
        What to train.
    desk
        Has the images, and the strokes as they change.
    shelf
        Has the live model, to go on from.
    stores
        Have features that were computed before.
    former
        The last training; gone on with where that is what is asked for.

    Raises
    ------
    GarageError
        If training cannot begin.
    """

    def __init__(
        self,
        request: Train,
        desk: ImageRegistry,
        shelf: ModelCache,
        *,
        stores: FeatureCaches | None = None,
        former: TrainingJob | None = None,
    ) -> None:
        self.request = request
        self.step = 0
        self._desk = desk
        self._seconds = 0.0
        self._images = [desk.image(key) for key in request.keys]
        # The ids first: the strokes may change at any moment, and to take a change
        # twice changes nothing.
        self._strokes_ids = [desk.strokes_id(key) for key in request.keys]
        strokes = [desk.strokes(key) for key in request.keys]
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
                start_from=_beginning(request, shelf),
                stores=stores,
            )
        # Other runs of the same training are not this request's.
        self._before = self.training.steps, self.training.seconds
        self._ahead: Iterator[None] | None = self.training.prepare()
        self._steps = self.training.run()

    def _goes_on_with(self, former: TrainingJob) -> bool:
        """Whether the training is the former one with other strokes."""
        images = former.training.images
        return (
            self.request.resume
            and self.request.start_from is None
            and self.request.network == former.request.network
            and self.request.preprocess == former.request.preprocess
            and len(images) == len(self._images)
            and all(a is b for a, b in zip(images, self._images, strict=True))
        )

    def prepares(self) -> bool:
        """Compute a block of features, where some are missing before the next step."""
        if self._ahead is None:
            return False
        if next(self._ahead, self) is self:
            self._ahead = None
        return self._ahead is not None

    def advance(self) -> Progress | None:
        """Take a step; None when training has ended by itself."""
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
        """Learn from the strokes as they are now.

        Raises
        ------
        InputError
            If nothing can be learnt from them; the former ones stay in use. Raised
            once for the same strokes.
        """
        edits: list[tuple[int, StrokeEdit]] = []
        for number, (key, image) in enumerate(
            zip(self.request.keys, self._images, strict=True)
        ):
            try:
                if self._desk.image(key) is not image:
                    continue
                newest, of_image = self._desk.edits_since(
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

    def live(self) -> LiveModel:
        """Return the model as it is now."""
        predictor = self.training.predictor()
        # One predictor for as long as the network is the same, because it remembers
        # the pixels it has preprocessed.
        if self._predictor is None or self._predictor.network is not predictor.network:
            self._predictor = predictor
        classes = tuple(info.id for info in self.training.classes)
        source = Source(self._predictor, classes, self.step, self._newest_strokes)
        return LiveModel(source, self.training.model)

    def end(self) -> Trained:
        """Stop at the present state: the answer to the request."""
        reason = self.training.reason or StopReason.STOPPED
        return Trained(
            self.request.id, reason, self.step, self._seconds, self.training.validated
        )

    def best(self) -> LiveModel:
        """Return the model that stays; the present state is checked first."""
        model = self.training.model()
        source = self.live().source
        # The state that is kept may be an earlier one than that of the network.
        source.predictor.network.load_state(model.state)
        return LiveModel(source, lambda: model)

    def checkpoint(self, *, now: bool = False) -> None:
        """Keep the checkpoint file up to date, if one is wanted and it is time.

        Waits for a state that has been checked, because checking takes long.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        begin = time.perf_counter()
        due = begin >= self._next_checkpoint and self.training.checked
        if self.request.checkpoint is None or not (now or due):
            return
        self._next_checkpoint = np.inf  # Complain once, if at all.
        self.training.model().save(self.request.checkpoint)
        took = time.perf_counter() - begin
        self._next_checkpoint = begin + max(CHECKPOINT_SECONDS, 20 * took)


def _beginning(request: Train, shelf: ModelCache) -> Model | None:
    """Find the model to go on from."""
    if request.start_from is not None:
        return load_model(request.start_from)
    return shelf.model(LIVE) if request.resume else None
