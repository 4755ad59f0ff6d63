"""When to learn, and from which images: on request, and by itself."""

from __future__ import annotations

import logging
from collections import Counter

from psygnal import Signal

from napari_garage_unet.engine.errors import GarageError, InputError
from napari_garage_unet.engine.learning.events import StopReason
from napari_garage_unet.session.classes.class_list import ClassList
from napari_garage_unet.session.images.annotated_image import AnnotatedImage
from napari_garage_unet.session.images.image_list import ImageList
from napari_garage_unet.session.problems import ErrorReporter, Problem

from .phase import Phase
from .training_job import Settings, TrainingJob

logger = logging.getLogger(__name__)


class AutoTraining:
    """Starts and stops training with the strokes that are painted.

    Parameters
    ----------
    job
        The training.
    images, classes
        What is learnt from, and what the painted ids mean.
    error_reporter
        Shows what is not possible.

    Attributes
    ----------
    settings_changed
        Something but a person has chosen other settings.
    settings
        How to learn.
    by_itself
        Whether learning starts as soon as there is something new to learn.
    has_new_strokes
        Whether something was painted that was not learnt from.
    """

    settings_changed = Signal()

    def __init__(
        self,
        *,
        job: TrainingJob,
        images: ImageList,
        classes: ClassList,
        error_reporter: ErrorReporter,
    ) -> None:
        self._job = job
        self._images = images
        self._classes = classes
        self._error_reporter = error_reporter
        self.settings = Settings()
        self.by_itself = False
        self.has_new_strokes = False
        self._stopped_with: dict[str, int] | None = None

    def use_settings(
        self, settings: Settings, *, by_itself: bool | None = None
    ) -> None:
        """Learn like this from now on, by itself or not; forms follow."""
        wanted = self.by_itself if by_itself is None else by_itself
        if (settings, wanted) != (self.settings, self.by_itself):
            self.settings, self.by_itself = settings, wanted
            self.settings_changed.emit()

    def rest(self) -> None:
        """Let learning by itself wait for the next stroke."""
        self._stopped_with = self._versions()

    @property
    def counts(self) -> dict[int, int]:
        """Painted pixels by class id, in all images that are learnt from."""
        total: Counter[int] = Counter()
        for annotated in self._images:
            if annotated.learns:
                total.update(annotated.counts)
        return {i: total[i] for i in sorted(total)}

    def press(self, *, resume: bool = True) -> bool:
        """Start learning from every image that has strokes; False if not possible."""
        self._error_reporter.clear()
        return self._error_reporter.run(self.start, resume)

    def start(self, resume: bool) -> None:
        """Start learning from every image that has strokes.

        Raises
        ------
        GarageError
            If there is not enough to learn from, or an image cannot be read.
        """
        for annotated in self._images:
            annotated.look_at_all()
        images = self._images_to_learn_from()
        painted = sorted({i for annotated in images for i in annotated.counts})
        if not images:
            raise InputError("Nothing is painted yet; paint a stroke of two classes.")
        if len(painted) < 2:
            name = next(iter(self._classes.restrict_to(painted))).name
            raise InputError(
                f"All strokes are of the class {name}; paint a stroke of a second "
                "class, so that there is something to tell apart."
            )
        self._job.start(
            images, self._classes.restrict_to(painted), self.settings, resume=resume
        )
        self.has_new_strokes = False

    def start_over(self) -> None:
        """Let the next training begin from nothing."""
        self._job.start_over()
        self.has_new_strokes = True

    def poll(self) -> None:
        """Send strokes that are new, and start by itself where that is wished."""
        if self._job.phase is Phase.LEARNING:
            for annotated in self._job.images:
                self._job.send_strokes(annotated)
        if (
            self.by_itself
            and self.has_new_strokes
            and self._error_reporter.problem is None
            and not self._job.is_running
            # Who has pressed Stop or restored strokes wants rest until the next one.
            and self._versions() != self._stopped_with
            and len(self.counts) >= 2
        ):
            self.press()

    def stop_without(self, annotated: AnnotatedImage, what: str) -> None:
        """Stop learning from an image of which something was deleted or replaced.

        Parameters
        ----------
        bound
            The image.
        what
            What was done to it, the beginning of a sentence.
        """
        if annotated not in self._job.images or not self._job.is_running:
            return
        self._job.stop()
        self._error_reporter.show(
            Problem(f"{what}, so learning stops. What was learnt so far is kept.")
        )

    def on_trained(self) -> None:
        """Remember whether the last strokes came too late."""
        # Strokes painted meanwhile were learnt from, but for those not yet sent and
        # those that came after the last step.
        job = self._job
        self.has_new_strokes = (
            job.strokes_sent > job.strokes_learnt
            or any(job.is_behind(annotated) for annotated in job.images)
            or self._has_more_images()
        )
        # Whoever has gone back to a version wants to look at it.
        reason = job.last.reason if job.last is not None else None
        was_stopped = reason in (StopReason.STOPPED, StopReason.VERSION)
        self._stopped_with = None
        if was_stopped:
            self.rest()

    def _versions(self) -> dict[str, int]:
        """How often the strokes of each image have changed."""
        return {b.key: b.watch.version for b in self._images if b.watch is not None}

    def _has_more_images(self) -> bool:
        """Whether the next training would learn from images this one did not have."""
        try:
            return any(b not in self._job.images for b in self._images_to_learn_from())
        except GarageError as error:
            # Whoever presses Learn gets to read it.
            logger.info("An image cannot be read: %s", error)
            return False

    def _images_to_learn_from(self) -> list[AnnotatedImage]:
        """Stroked images with as many channels as the current one."""
        stroked = [b for b in self._images if b.learns and b.counts]
        current = self._images.current
        first = current if current in stroked else (stroked[0] if stroked else None)
        if first is None:
            return []
        channels = first.image().n_channels
        return [b for b in stroked if b.image().n_channels == channels]
