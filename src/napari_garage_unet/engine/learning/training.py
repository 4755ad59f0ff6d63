"""Training as a generator: one event per step, stoppable at any of them.

Progress, stopping and the live preview are one mechanism: whoever drives the
generator decides between two steps whether to go on, to ask for a prediction or to
hand in new strokes.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np

from napari_garage_unet.engine.annotations.classes import ClassInfo, merge_classes
from napari_garage_unet.engine.annotations.strokes import (
    StrokedImages,
    StrokeEdit,
    painted_ids,
)
from napari_garage_unet.engine.compute.backend import seeded_weights, versions
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.image import ArrayLike, Image
from napari_garage_unet.engine.images.preprocess import default_preprocess
from napari_garage_unet.engine.inference.feature_cache import FeatureCaches
from napari_garage_unet.engine.inference.predictor import Predictor, check_channels
from napari_garage_unet.engine.inference.tiles import stroked_blocks
from napari_garage_unet.engine.models.held_out_predictions import HeldOutPredictions
from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.models.transfer import transfer_weights
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.networks.network_state import NetworkState
from napari_garage_unet.engine.settings import to_json

from .config import TrainingConfig
from .events import StopReason, TrainingStep, Validation
from .learner import make_learner
from .validation import HeldOutStroke, compare, lay_out, pad

VALIDATION_SECONDS = 2.0
"""Shortest time between two checks on the held-out strokes."""

CONCLUSION = 0.15
"""Share of the time that is kept for what the learner does last."""

FEWEST_STEPS = 30
"""Steps that are taken even when the time is over."""


class Training:
    """The training of one model.

    Parameters
    ----------
    images
        The images, all with the same number of channels.
    strokes
        One array of class ids per image, of its spatial shape; 0 = unlabelled.
    classes
        The classes; None makes one for each painted id. Painted ids that are not
        among them are added.
    preprocess
        What is done to the pixels; None rescales the colours of photographs together
        and other channels one by one.
    network
        Which network.
    training
        How it is trained.
    start_from
        A model to go on from; it keeps its network and preprocessing. Classes it
        does not have are learnt in addition.
    stores
        Where features are found that have been computed before.

    Attributes
    ----------
    reason
        Why `run` has ended; None before, or when the caller has stopped it.

    Raises
    ------
    InputError
        If images and strokes cannot be learnt from; nothing has been changed then.
    """

    def __init__(
        self,
        images: Sequence[Image],
        strokes: Sequence[ArrayLike],
        *,
        classes: Sequence[ClassInfo] | None = None,
        preprocess: PreprocessConfig | None = None,
        network: NetworkConfig | None = None,
        training: TrainingConfig | None = None,
        start_from: Model | None = None,
        stores: FeatureCaches | None = None,
    ) -> None:
        self.config = training or TrainingConfig()
        self.images = list(images)
        self._strokes = StrokedImages(images)
        self._strokes.replace(strokes)
        stroked = self._strokes.collect(held_out=self.config.held_out)
        first = self.images[stroked[0].image]
        for plane in stroked:
            check_channels(self.images[plane.image], first.n_channels)
        self.preprocess = (
            start_from.preprocess
            if start_from
            else preprocess or default_preprocess(first)
        )
        self.classes = merge_classes(
            start_from.classes if start_from else (),
            classes or (),
            painted_ids(stroked),
        )
        self.axes = first.axes
        self.reason: StopReason | None = None
        self._stroked = stroked
        self._best: NetworkState | None = None
        self._best_score = (-np.inf, -np.inf)
        self._answers: HeldOutPredictions | None = None
        self._steps = 0
        self._taught = 0
        self._validated_at = 0
        self._validation_seconds = 0.0
        self._seconds = 0.0
        with seeded_weights(self.config.seed):
            self.network = build_network(
                start_from.network if start_from else network or NetworkConfig(),
                first.n_channels,
                len(self.classes),
            )
            if start_from is not None:
                transfer_weights(start_from, self.network, self.classes)
        self._learner = make_learner(self.network, self.config)
        self._store = (stores or FeatureCaches()).get(self.network, self.preprocess)
        self._held_out: list[HeldOutStroke] = []
        self._ready = False

    @property
    def steps(self) -> int:
        """Steps that were taken, in all runs together."""
        return self._steps

    @property
    def seconds(self) -> float:
        """Seconds that were spent, in all runs together."""
        return self._seconds

    @property
    def validated(self) -> bool:
        """Whether the state that `model` gives is checked by held-out strokes."""
        return self._best_score[0] >= 0 or not self.checked

    @property
    def checked(self) -> bool:
        """Whether the present state has been checked on the held-out strokes.

        Also when there is nothing to check it on. `model` does it where it is missing,
        which takes a moment.
        """
        judged = self._ready and self._learner.held_out_model is not None
        possible = judged and bool(self._held_out)
        return self._validated_at == self._steps or not possible

    def prepare(self) -> Iterator[None]:
        """Compute features that the strokes need, a block from yield to yield.

        `run` does what has not been done; of large images that takes a while in which
        it cannot be stopped.
        """
        stride = self.network.stride
        for plane in self._stroked:
            image = self.images[plane.image]
            for block in stroked_blocks(pad(plane.strokes, stride), stride):
                self._store.region(
                    image, plane.index, block.seen_rows, block.seen_columns
                )
                yield

    def run(self) -> Iterator[TrainingStep]:
        """Learn until nothing improves, or time or steps of the settings are used up.

        Run again, it goes on from where it was; each run has the time and the steps
        of the settings. However slow the machine is, `FEWEST_STEPS` are taken: less is
        no model.

        Yields
        ------
        TrainingStep
            After each step; everything is consistent then, and the caller may stop
            for good, predict, take the model or set other strokes.
        """
        self.reason = None
        begin = time.perf_counter() - self._seconds
        limit = self._seconds + self.config.seconds
        steps_left = self.config.max_steps
        if self._learner.settled:
            self._ready = False
        cut_short = False
        next_validation = self._seconds + VALIDATION_SECONDS
        while True:
            if steps_left is not None and steps_left <= 0:
                self.reason = StopReason.STEPS
                return
            if not self._ready:
                planes, self._held_out = lay_out(
                    self._stroked, self.images, self.classes, self._store
                )
                self._learner.prepare(planes)
                self._ready = True
            # The last validation is to end in time as well.
            seconds_left = limit - self._validation_seconds - self._seconds
            if seconds_left <= CONCLUSION * self.config.seconds:
                cut_short = self._learner.conclude(seconds_left) or cut_short
            loss = self._learner.step()
            self._steps += 1
            self._taught += 1
            steps_left = None if steps_left is None else steps_left - 1
            self._seconds = time.perf_counter() - begin
            validation = None
            settled = self._learner.settled
            time_is_over = self._seconds + self._validation_seconds >= limit
            late = time_is_over and self._taught >= FEWEST_STEPS
            ends = late or steps_left == 0 or settled
            if ends or self._seconds >= next_validation:
                validation = self._validate()
                took = time.perf_counter() - begin - self._seconds
                self._validation_seconds = took
                # A tenth of the time at the most goes into validations.
                next_validation = self._seconds + max(VALIDATION_SECONDS, 10 * took)
            yield TrainingStep(self._steps, self._seconds, loss, validation)
            # What the caller did meanwhile counts as training time: it is what a
            # person waits for.
            self._seconds = time.perf_counter() - begin
            if late:
                self.reason = StopReason.TIME
                return
            # Strokes that came after the last step have to be learnt first.
            if settled and self._learner.settled and self._ready:
                self.reason = StopReason.TIME if cut_short else StopReason.SETTLED
                return

    def set_strokes(
        self,
        strokes: Sequence[ArrayLike],
        *,
        classes: Sequence[ClassInfo] = (),
        training: TrainingConfig | None = None,
    ) -> None:
        """Replace the strokes; learnt from the next step on.

        Classes that are painted for the first time are added to the network without
        losing what it knows.

        Parameters
        ----------
        strokes
            One array per image, as at the beginning.
        classes
            What a person says about the classes, where that has changed.
        training
            Settings for what follows, where they have changed.

        Raises
        ------
        InputError
            If nothing can be learnt from them; the former strokes stay in use.
        """
        self._strokes.replace(strokes)
        self._learn_from_strokes(classes, training or self.config)

    def edit_strokes(self, edits: Sequence[tuple[int, StrokeEdit]]) -> None:
        """Replace boxes of the strokes; learnt from the next step on.

        Parameters
        ----------
        edits
            Number of the image, and what has changed on it, in the order of the
            changes.

        Raises
        ------
        InputError
            If nothing can be learnt from the strokes as they are now; the former
            ones stay in use until they are edited again.
        """
        for number, edit in edits:
            self._strokes.edit(number, edit)
        self._learn_from_strokes((), self.config)

    def _learn_from_strokes(
        self, classes: Sequence[ClassInfo], config: TrainingConfig
    ) -> None:
        stroked = self._strokes.collect(held_out=config.held_out)
        for plane in stroked:
            check_channels(self.images[plane.image], self.network.n_channels)
        merged = merge_classes(self.classes, classes, painted_ids(stroked))
        learns_otherwise = (
            dataclasses.replace(
                config, seconds=self.config.seconds, max_steps=self.config.max_steps
            )
            != self.config
        )
        self.config = config
        if len(merged) > len(self.classes):
            former = self.model()
            with seeded_weights(config.seed):
                self.network = build_network(
                    former.network, former.n_channels, len(merged)
                )
                transfer_weights(former, self.network, merged)
        elif learns_otherwise:
            self.network.load_state(self._learner.predicting.state())
        if len(merged) > len(self.classes) or learns_otherwise:
            self._learner = make_learner(self.network, config)
        self.classes = merged
        self._stroked = stroked
        self._ready = False
        # Another set of held-out strokes: figures of before cannot be compared.
        self._best, self._best_score = None, (-np.inf, -np.inf)
        self._answers = None

    def predictor(self) -> Predictor:
        """Return what computes probabilities with the state of now."""
        return Predictor(self._learner.predicting, self.preprocess, store=self._store)

    def model(self, *, check: bool = True) -> Model:
        """Take a snapshot: the best state where states are compared, or the last one.

        Parameters
        ----------
        check
            Whether the present state is validated first where that has not been done.
            Otherwise it is not compared, and what is said of held-out strokes is what
            was said last; that is for a look in between, which cannot wait.
        """
        if check and not self.checked:
            self._validate()
        state = self._best or self._learner.predicting.state()
        return Model(
            classes=self.classes,
            preprocess=self.preprocess,
            network=self.network.config,
            n_channels=self.network.n_channels,
            weights=state.weights,
            decoder=state.decoder,
            axes=self.axes,
            held_out=self._answers,
            provenance={
                "steps": self._steps,
                "seconds": round(self._seconds, 2),
                "validated": self.validated,
                "accuracy": (round(self._best_score[0], 4) if self.validated else None),
                "images": [image.name for image in self.images],
                "stroke_pixels": {
                    str(i): sum(p.pixel_counts.get(i, 0) for p in self._stroked)
                    for i in painted_ids(self._stroked)
                },
                "training": to_json(self.config),
                "date": datetime.now(UTC).isoformat(timespec="seconds"),
                "versions": versions(),
            },
        )

    def _validate(self) -> Validation | None:
        self._validated_at = self._steps
        held_out_model = self._learner.held_out_model
        if held_out_model is None or not self._held_out:
            return None
        agreement = compare(
            Predictor(held_out_model, self.preprocess, store=self._store),
            self._held_out,
            self.classes,
        )
        # By the share of right pixels first: an early network that says the same of
        # everything can have a smaller loss than one that is often right. A judge
        # apart from the network tells how well it learns, not which state is best.
        same = held_out_model is self._learner.predicting
        score = (agreement.accuracy, -agreement.loss)
        best = not same or score >= self._best_score
        if best:
            self._best_score = score
            self._answers = agreement.answers
            self._best = held_out_model.state() if same else None
        return Validation(agreement.loss, agreement.accuracy, best)
