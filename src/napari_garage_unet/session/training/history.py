"""The curves of training."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_garage_unet.process.protocol.messages import Progress

LOSS_SMOOTHING_WEIGHT = 0.15
"""Weight of a new value in an exponential moving average, 0 to 1."""


@dataclass(slots=True)
class History:
    """Values per step, per validation, and per new stroke.

    Attributes
    ----------
    seconds, loss, smooth
        Per step: seconds of training, the loss, and its moving average.
    checked_at, checked_loss, accuracy
        Per validation: seconds of training, the loss, and the share of held-out strokes
        that is right, 0 to 1.
    corrected_at, corrected, corrected_smooth
        Per stroke: seconds of training, the share of it that the preview had wrong, 0
        to 1, and its moving average.
    offset
        Seconds of the trainings before, added to those of the present one.
    """

    seconds: list[float] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    smooth: list[float] = field(default_factory=list)
    checked_at: list[float] = field(default_factory=list)
    checked_loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    corrected_at: list[float] = field(default_factory=list)
    corrected: list[float] = field(default_factory=list)
    corrected_smooth: list[float] = field(default_factory=list)
    offset: float = 0.0

    def add_correction(self, share: float) -> None:
        """Append the share of a new stroke that the preview had wrong, 0 to 1."""
        self.corrected_at.append(self.seconds[-1] if self.seconds else 0.0)
        self.corrected.append(share)
        _append_average(self.corrected_smooth, share)

    def add(self, progress: Progress) -> None:
        """Append a step; seconds continue where an earlier training has ended."""
        if self.seconds and self.offset + progress.seconds < self.seconds[-1]:
            # The clock of each training starts at 0.
            self.offset = self.seconds[-1]
        now = self.offset + progress.seconds
        self.seconds.append(now)
        self.loss.append(progress.loss)
        _append_average(self.smooth, progress.loss)
        if progress.validation_loss is not None:
            self.checked_at.append(now)
            self.checked_loss.append(progress.validation_loss)
        if progress.accuracy is not None:
            self.accuracy.append(progress.accuracy)


def _append_average(averages: list[float], value: float) -> None:
    """Append the exponential moving average, which starts at the first value."""
    before = averages[-1] if averages else value
    averages.append(before + LOSS_SMOOTHING_WEIGHT * (value - before))
