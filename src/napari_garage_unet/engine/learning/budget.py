"""The time and the steps that a run of training may use."""

from __future__ import annotations

import time

from .config import TrainingConfig

MIN_STEPS = 30
"""Steps of a training that are taken even if the time is over; fewer are no model."""

MIN_SECONDS_BETWEEN_VALIDATIONS = 2.0

PAUSE_AFTER_VALIDATION = 10
"""Least time between two validations, in multiples of what the first one took."""

CONCLUSION_SHARE = 0.15
"""Share of a run's time that is kept for the last steps of a learner."""


class Budget:
    """The time and the steps of one training, run by run.

    The clock goes on while the caller of the training is busy between two steps: that
    is time a person waits, too.

    Attributes
    ----------
    seconds
        Seconds spent in all runs together, at the last `look`.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._validation_seconds = 0.0
        self.begin(TrainingConfig())

    def begin(self, config: TrainingConfig) -> None:
        """Begin a run, with the seconds and the steps of the settings."""
        self._begin = time.perf_counter() - self.seconds
        self._end = self.seconds + config.seconds
        self._conclusion_seconds = CONCLUSION_SHARE * config.seconds
        self._steps_left = config.max_steps
        self._next_validation = self.seconds + MIN_SECONDS_BETWEEN_VALIDATIONS

    def look(self) -> None:
        """Look at the clock."""
        self.seconds = time.perf_counter() - self._begin

    def count_step(self) -> None:
        """Count a step that was taken just now."""
        if self._steps_left is not None:
            self._steps_left -= 1
        self.look()

    def count_validation(self) -> None:
        """Count a validation that began at the last look and ends now."""
        took = time.perf_counter() - self._begin - self.seconds
        self._validation_seconds = took
        self._next_validation = self.seconds + max(
            MIN_SECONDS_BETWEEN_VALIDATIONS, PAUSE_AFTER_VALIDATION * took
        )

    @property
    def seconds_left(self) -> float:
        """Seconds left of the run, less those that the last validation will take."""
        return self._end - self._validation_seconds - self.seconds

    @property
    def is_short(self) -> bool:
        """Whether what is left is needed for the last steps of a learner."""
        return self.seconds_left <= self._conclusion_seconds

    @property
    def is_over(self) -> bool:
        """Whether the time of the run is used up."""
        return self.seconds + self._validation_seconds >= self._end

    @property
    def has_steps(self) -> bool:
        """Whether the run may take another step."""
        return self._steps_left is None or self._steps_left > 0

    @property
    def validation_is_due(self) -> bool:
        """Whether enough time has passed since the last validation."""
        return self.seconds >= self._next_validation
