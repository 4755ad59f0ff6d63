"""When to train and from which images: on request, or with each new stroke."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator
from itertools import chain

from psygnal import Signal

from napari_garage_unet.engine.errors import GarageError, InputError
from napari_garage_unet.session.classes.class_list import ClassList
from napari_garage_unet.session.images.annotated_image import AnnotatedImage
from napari_garage_unet.session.images.image_list import ImageList
from napari_garage_unet.session.problems import ErrorReporter, Problem

from .live_model import LiveModelStore, Phase
from .settings import Settings
from .training_job import TrainingJob

logger = logging.getLogger(__name__)

MAX_LOOK_SECONDS = 0.2
"""Time in one go for looking through strokes that nobody has told of."""

MAX_QUICK_LOOK_BYTES = 200_000_000
"""Size of strokes that are looked through at once."""


class AutoTraining:
    """Starts and stops training with the strokes that are painted.

    Parameters
    ----------
    job
        The training of the live model.
    live
        Holds the live model.
    images
        The images whose strokes are learnt.
    classes
        Names and colours of the painted ids.
    error_reporter
        Shows why training cannot start.

    Attributes
    ----------
    settings_changed
        The settings were replaced by something else than the form that edits them.
    settings
        The settings of the next training.
    by_itself
        Whether training starts with each new stroke, without a request.
    unseen
        Training starts before all strokes were looked for.
    """

    settings_changed = Signal()
    unseen = Signal()

    def __init__(
        self,
        *,
        job: TrainingJob,
        live: LiveModelStore,
        images: ImageList,
        classes: ClassList,
        error_reporter: ErrorReporter,
    ) -> None:
        self._job = job
        self._live = live
        self._images = images
        self._classes = classes
        self._error_reporter = error_reporter
        self.settings = Settings()
        self.by_itself = False
        self._channels: int | None = None
        self._looks: Iterator[bool] = iter(())
        self._resume_when_seen: bool | None = None

    def use_settings(
        self, settings: Settings, *, by_itself: bool | None = None
    ) -> None:
        """Replace the settings, and whether training starts by itself; forms follow."""
        new = (settings, self.by_itself if by_itself is None else by_itself)
        if new != (self.settings, self.by_itself):
            self.settings, self.by_itself = new
            self.settings_changed.emit()

    def wait_for_stroke(self) -> None:
        """Do not start training by itself until the next stroke."""
        self._live.replace(stroke_versions_when_stopped=self._stroke_versions())

    @property
    def counts(self) -> dict[int, int]:
        """Painted pixels by class id, in all images that are learnt from."""
        total: Counter[int] = Counter()
        for annotated in self._images:
            if annotated.learns:
                total.update(annotated.counts)
        return {i: total[i] for i in sorted(total)}

    def request(self, *, resume: bool = True) -> bool:
        """Start training; when that is not possible, show why and return False."""
        self._error_reporter.clear()
        return self._error_reporter.run(self.start, resume)

    def start(self, resume: bool) -> None:
        """Start training from every image that has strokes.

        Raises
        ------
        GarageError
            If fewer than two classes are painted, or an image cannot be read. Where
            strokes are many planes large it may be `poll` that finds that out.
        """
        self._resume_when_seen = None
        self._looks = chain.from_iterable(
            annotated.look_in_turn() for annotated in self._images
        )
        self._look_on(resume)

    def _look_on(self, resume: bool) -> None:
        """Look for strokes for a moment; start once all were seen, or enough of them.

        Almost all strokes are known before, from the events of their layers; to compare
        each plane of a large stack takes longer than the window may stand still.
        """
        end = time.monotonic() + MAX_LOOK_SECONDS
        watches = [b.watch for b in self._images if b.watch is not None]
        is_quick = sum(watch.seen.nbytes for watch in watches) <= MAX_QUICK_LOOK_BYTES
        for _ in self._looks:
            if not is_quick and time.monotonic() > end:
                self._resume_when_seen = resume
                if len(self.counts) < 2:
                    return
                # What is not known yet follows as if it was painted while learning.
                self.unseen.emit()
                break
        self._resume_when_seen = None
        self._start(resume)

    def _start(self, resume: bool) -> None:
        images = self._images_to_learn_from()
        painted = sorted({i for annotated in images for i in annotated.counts})
        self._classes.follow(painted)
        if not images:
            raise InputError("Nothing is painted yet; paint a stroke of two classes.")
        if len(painted) < 2:
            name = next(iter(self._classes.restrict_to(painted))).name
            raise InputError(
                f"All strokes are of the class {name}; paint a stroke of a second "
                "class, so that there is something to tell apart."
            )
        # A network has as many inputs as its images have channels.
        channels = images[0].n_channels
        resume = resume and self._channels in (None, channels)
        self._job.start(
            images, self._classes.restrict_to(painted), self.settings, resume=resume
        )
        self._channels = channels

    def poll(self) -> None:
        """Send new strokes while training goes on; start training where it is due."""
        if self._resume_when_seen is not None:
            self._error_reporter.run(self._look_on, self._resume_when_seen)
        live = self._live.now
        if live.phase is Phase.LEARNING:
            for annotated in self._job.images:
                self._job.send_strokes(annotated)
        if (
            self.by_itself
            and live.has_new_strokes
            and self._error_reporter.problem is None
            and not live.is_running
            # After Stop, and after strokes were restored, only the next stroke starts.
            and self._stroke_versions() != live.stroke_versions_when_stopped
            and len(self.counts) >= 2
        ):
            self.request()

    def stop_without(self, annotated: AnnotatedImage, what: str) -> None:
        """Stop training from an image of which something was deleted or replaced.

        Parameters
        ----------
        annotated
            The image.
        what
            What was done to it, as the beginning of a sentence.
        """
        if annotated not in self._job.images or not self._live.now.is_running:
            return
        self._job.stop()
        self._error_reporter.show(
            Problem(f"{what}, so learning stops. What was learnt so far is kept.")
        )

    def on_trained(self, *, was_stopped: bool) -> None:
        """Take note of the strokes that the training which has ended has not learnt.

        Parameters
        ----------
        was_stopped
            Whether a person has ended it; auto-training waits for the next stroke then.
        """
        job = self._job
        # Strokes painted meanwhile were learnt from, except those not sent yet and
        # those that came after the last step.
        has_new_strokes = (
            job.strokes_sent > job.strokes_learnt
            or any(job.is_behind(annotated) for annotated in job.images)
            or self._has_more_images()
        )
        self._live.replace(
            has_new_strokes=has_new_strokes,
            stroke_versions_when_stopped=(
                self._stroke_versions() if was_stopped else None
            ),
        )

    def _stroke_versions(self) -> dict[str, int]:
        """Return the number of changes of the strokes by image key."""
        return {b.key: b.watch.version for b in self._images if b.watch is not None}

    def _has_more_images(self) -> bool:
        """Whether the next training would learn from images this one did not have."""
        try:
            return any(b not in self._job.images for b in self._images_to_learn_from())
        except GarageError as error:
            # The next request for training shows it.
            logger.info("An image cannot be read: %s", error)
            return False

    def _images_to_learn_from(self) -> list[AnnotatedImage]:
        """Return the images with strokes and as many channels as the current one."""
        stroked = [b for b in self._images if b.learns and b.counts]
        current = self._images.current
        first = current if current in stroked else (stroked[0] if stroked else None)
        if first is None:
            return []
        channels = first.image().n_channels
        return [b for b in stroked if b.image().n_channels == channels]
