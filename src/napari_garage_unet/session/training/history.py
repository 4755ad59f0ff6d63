"""The curves of a training."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_garage_unet.process.protocol.messages import Progress

SMOOTHING = 0.15
"""Share of a new value in a smooth line; single values jump too much to be read."""


@dataclass(slots=True)
class History:
    """An entry per step, per validation, and per new stroke.

    Attributes
    ----------
    seconds, loss, smooth
        Per step: when, the loss, and its moving average.
    checked_at, checked_loss, accuracy
        Per validation: when, the loss, and the share of held-out strokes right.
    corrected_at, corrected, corrected_smooth
        Per stroke: when, how much of it the preview had wrong, its moving average.
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
        """Append how much of a new stroke the preview had wrong, 0 to 1."""
        self.corrected_at.append(self.seconds[-1] if self.seconds else 0.0)
        self.corrected.append(share)
        _append_average(self.corrected_smooth, share)

    def add(self, progress: Progress) -> None:
        """Append a step. Seconds go on where an earlier training has ended."""
        if self.seconds and self.offset + progress.seconds < self.seconds[-1]:
            # A training that does not go on with the clock of the one before.
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
    averages.append(before + SMOOTHING * (value - before))
