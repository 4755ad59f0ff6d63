"""Training as a generator: one event per step, and a caller may stop at any of them.

Between two steps the caller may predict, take the model, or bring other strokes. This
is over 300 lines because all of these act on one state, which must be consistent
whenever the caller has its turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from napari_garage_unet.engine.annotations.classes import (
    ClassInfo,
    merge_classes,
    remaining_classes,
)
from napari_garage_unet.engine.annotations.strokes import (
    StrokedImages,
    StrokeEdit,
    painted_ids,
)
from napari_garage_unet.engine.compute.backend import seeded_weights
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.image import ArrayLike, Image
from napari_garage_unet.engine.images.preprocess import default_preprocess_of
from napari_garage_unet.engine.inference.feature_cache import FeatureCaches
from napari_garage_unet.engine.inference.predictor import Predictor, check_channels
from napari_garage_unet.engine.inference.tiles import stroked_blocks
from napari_garage_unet.engine.labels.rules import rules_of_ids
from napari_garage_unet.engine.models.made_for import MadeFor
from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.models.transfer import transfer_weights
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig

from .budget import MIN_STEPS, Budget
from .config import TrainingConfig
from .contrast import TrainingContrast
from .events import StopReason, TrainingStep, Validation
from .kept_state import KeptState
from .learner import make_learner
from .provenance import describe_training
from .validation import HeldOutStroke, compare, lay_out, pad


class Training:
    """The training of one model.

    Parameters
    ----------
    images
        The images, all with the same number of channels.
    strokes
        One array of class ids per image, of its spatial shape; 0 is unlabelled.
    classes
        The classes; None makes one for each painted id, and keeps those of
        `start_from`. Painted ids that are not among them are added.
    preprocess
        Settings of preprocessing; None takes those of `default_preprocess`.
    network, training
        Settings of the network and of training; None are the default ones.
    start_from
        A model to go on from; it keeps its network, its preprocessing, and of the
        classes that stay what was learnt, names, rules and presets. Painted classes
        that it does not have are added; its classes that are not painted are left out
        if `classes` are given without them.
    caches
        Caches of features that have been computed before.
    made_for
        What the model says of its images; by default what they say themselves.

    Attributes
    ----------
    steps
        Steps that were taken, in all runs together.
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
        caches: FeatureCaches | None = None,
        made_for: MadeFor | None = None,
    ) -> None:
        self.config = training or TrainingConfig()
        self.images = list(images)
        self._strokes = StrokedImages(images)
        self._strokes.replace(strokes)
        stroked = self._strokes.collect(held_out=self.config.held_out)
        first = self.images[stroked[0].image]
        for plane in stroked:
            check_channels(
                self.images[plane.image],
                start_from.n_channels if start_from else first.n_channels,
            )
        preprocess = start_from.preprocess if start_from else preprocess
        self.preprocess = preprocess or default_preprocess_of(
            self.images[plane.image] for plane in stroked
        )
        painted = painted_ids(stroked)
        known = start_from.classes if start_from else ()
        if classes is not None:
            known = remaining_classes(known, [*(c.id for c in classes), *painted])
        self.classes = merge_classes(known, classes or (), painted)
        self._painted = set(painted)
        self._rules = start_from.rules if start_from else {}
        self._presets = start_from.presets if start_from else {}
        self.axes = first.axes
        self.made_for = made_for or MadeFor.of(
            [self.images[number] for number in {plane.image for plane in stroked}]
        )
        self.reason: StopReason | None = None
        self._stroked = stroked
        self.steps = 0
        self._budget = Budget()
        self._kept: KeptState | None = None
        self._validated_at = 0
        with seeded_weights(self.config.seed):
            self.network = build_network(
                start_from.network if start_from else network or NetworkConfig(),
                first.n_channels,
                len(self.classes),
            )
            if start_from is not None:
                transfer_weights(start_from, self.network, self.classes)
        self._learner = make_learner(self.network, self.config)
        self._caches = caches or FeatureCaches()
        self._contrast = TrainingContrast(
            self.preprocess,
            self.network,
            start_from.contrast if start_from else None,
        )
        self._take_contrast()
        self._held_out: list[HeldOutStroke] = []
        self._ready = False

    @property
    def seconds(self) -> float:
        """Seconds that were spent, in all runs together."""
        return self._budget.seconds

    @property
    def validated(self) -> bool:
        """Whether held-out strokes check the state that `model` gives."""
        return self._kept is not None or not self.checked

    @property
    def checked(self) -> bool:
        """Whether the present state is validated, or cannot be.

        If it is not, `model` validates it, which takes a moment.
        """
        possible = self._ready and self._learner.held_out_model and self._held_out
        return self._validated_at == self.steps or not possible

    def prepare(self) -> Iterator[None]:
        """Compute features that the strokes need, a block from yield to yield.

        `run` computes what is missing, and cannot be stopped meanwhile.
        """
        stride = self.network.stride
        for plane in self._stroked:
            image = self.images[plane.image]
            for block in stroked_blocks(pad(plane.strokes, stride), stride):
                seen = block.seen_rows, block.seen_columns
                self._cache.region(image, plane.index, *seen)
                yield

    def run(self) -> Iterator[TrainingStep]:
        """Train until the learner has settled, or time or steps are used up.

        Another run goes on from there; each run has the time and the steps of the
        settings. However slow the machine is, `MIN_STEPS` are taken.

        Yields
        ------
        TrainingStep
            After each step; the state is consistent then.
        """
        self.reason = None
        self._budget.begin(self.config)
        if self._learner.settled:
            self._ready = False
        cut_short = False
        while self.reason is None:
            self._lay_out()
            seconds_left = None
            if self._budget.is_short:
                cut_short = self._learner.conclude() or cut_short
                seconds_left = self._budget.seconds_left
            loss = self._learner.step(seconds_left)
            self.steps += 1
            self._budget.count_step()
            late = self._budget.is_over and self.steps >= MIN_STEPS
            ends = late or self._learner.settled or not self._budget.has_steps
            validation = None
            if ends or self._budget.validation_is_due:
                validation = self._validate()
                self._budget.count_validation()
            yield TrainingStep(self.steps, self._budget.seconds, loss, validation)
            self._budget.look()
            if late:
                self.reason = StopReason.TIME
            # Strokes that came after the last step are still to be learnt.
            elif self._learner.settled and self._ready:
                self.reason = StopReason.TIME if cut_short else StopReason.SETTLED
            elif not self._budget.has_steps:
                self.reason = StopReason.STEPS

    def set_strokes(
        self,
        strokes: Sequence[ArrayLike],
        *,
        classes: Sequence[ClassInfo] = (),
        training: TrainingConfig | None = None,
    ) -> None:
        """Replace the strokes that are learnt from the next step on.

        Classes that are painted for the first time are added to the network, which
        keeps what it has learnt; classes of which all strokes were erased leave it.

        Parameters
        ----------
        strokes
            One array of class ids per image, of its spatial shape; 0 is unlabelled.
        classes
            Names and colours of classes, where they have changed.
        training
            Settings of training from now on; None leaves them as they are.

        Raises
        ------
        InputError
            If nothing can be learnt from them; the former strokes stay in use.
        """
        self._strokes.replace(strokes)
        self._take_strokes(classes, training or self.config)

    def edit_strokes(self, edits: Sequence[tuple[int, StrokeEdit]]) -> None:
        """Replace boxes of the strokes; they are learnt from the next step on.

        Parameters
        ----------
        edits
            Number of the image and the changed box, in the order of the changes. They
            may add and remove classes as `set_strokes` does.

        Raises
        ------
        InputError
            If nothing can be learnt from the strokes as they are now; training goes
            on with the former ones until they are edited again.
        """
        for number, edit in edits:
            self._strokes.edit(number, edit)
        self._take_strokes((), self.config)

    def _take_strokes(
        self, classes: Sequence[ClassInfo], config: TrainingConfig
    ) -> None:
        """Train on the present strokes, with new classes or settings if there are."""
        stroked = self._strokes.collect(held_out=config.held_out)
        for plane in stroked:
            check_channels(self.images[plane.image], self.network.n_channels)
        painted = painted_ids(stroked)
        # Classes that were never painted here come from a model or from a list.
        erased = self._painted - set(painted) - {info.id for info in classes}
        known = [info for info in self.classes if info.id not in erased]
        merged = merge_classes(known, classes, painted)
        self._painted.update(painted)
        has_other_classes = [c.id for c in merged] != [c.id for c in self.classes]
        learns_otherwise = not config.differs_only_in_budget(self.config)
        self.config = config
        if has_other_classes:
            former = self.model()
            n_channels = former.n_channels
            with seeded_weights(config.seed):
                self.network = build_network(former.network, n_channels, len(merged))
                transfer_weights(former, self.network, merged)
        elif learns_otherwise:
            self.network.load_state(self._learner.predicting.state())
        if has_other_classes or learns_otherwise:
            self._learner = make_learner(self.network, config)
        self.classes = merged
        self._stroked = stroked
        self._take_contrast()
        self._ready = False
        # Scores on another set of held-out strokes cannot be compared.
        self._kept = None

    def _take_contrast(self) -> None:
        """Measure contrast on planes painted for the first time; compute as it says."""
        self._contrast.follow(
            [(self.images[plane.image], plane.index) for plane in self._stroked]
        )
        self._cache = self._caches.get(
            self.network, self.preprocess, self._contrast.fixed
        )

    def predictor(self) -> Predictor:
        """Return a predictor that uses the present state of the network."""
        return Predictor(self._learner.predicting, self.preprocess, cache=self._cache)

    def model(self, *, check: bool = True) -> Model:
        """Copy the model: the best state where states are compared, or the last one.

        Parameters
        ----------
        check
            Whether the present state is validated first, if it is not. Without that the
            model has the held-out predictions of the last validation.
        """
        if check and not self.checked:
            self._validate()
        kept = self._kept
        state = (kept and kept.state) or self._learner.predicting.state()
        ids = [info.id for info in self.classes]
        return Model(
            classes=self.classes,
            preprocess=self.preprocess,
            network=self.network.config,
            n_channels=self.network.n_channels,
            weights=state.weights,
            decoder=state.decoder,
            axes=self.axes,
            made_for=self.made_for,
            rules=rules_of_ids(self._rules, ids),
            presets={
                name: rules_of_ids(rules, ids) for name, rules in self._presets.items()
            },
            held_out=kept.score.predictions if kept else None,
            contrast=self._contrast.fixed,
            provenance=describe_training(
                self.config,
                self.images,
                self._stroked,
                steps=self.steps,
                seconds=self.seconds,
                validated=self.validated,
                accuracy=kept.score.accuracy if kept else None,
            ),
        )

    def _lay_out(self) -> None:
        """Give the learner the strokes, if it does not have them."""
        if self._ready:
            return
        planes, self._held_out = lay_out(
            self._stroked, self.images, self.classes, self._cache
        )
        self._learner.prepare(planes)
        self._ready = True

    def _validate(self) -> Validation | None:
        """Compare the held-out model with the held-out strokes, and keep the best."""
        self._validated_at = self.steps
        held_out_model = self._learner.held_out_model
        if held_out_model is None or not self._held_out:
            return None
        score = compare(
            Predictor(held_out_model, self.preprocess, cache=self._cache),
            self._held_out,
            self.classes,
        )
        # The score of a separate model cannot tell which state is best.
        same = held_out_model is self._learner.predicting
        best = not same or self._kept is None or self._kept.is_beaten_by(score)
        if best:
            self._kept = KeptState(score, held_out_model.state() if same else None)
        return Validation(score.loss, score.accuracy, best)
