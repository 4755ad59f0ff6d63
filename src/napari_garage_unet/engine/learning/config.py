"""Settings of training."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from napari_garage_unet.engine.settings import check_limits, setting


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Settings of training; the fields say what they mean, for forms and tooltips."""

    seconds: float = setting(
        30.0, "Seconds", "How long to learn; stop earlier at any time.", min=0
    )
    max_steps: int | None = setting(
        None, "Steps", "Learn for so many steps at the most; empty for no limit.", min=1
    )
    seed: int = setting(
        0, "Seed", "The same seed and strokes give the same training.", min=0
    )
    crop: int = setting(
        160, "Crop", "Side of the training crops in pixels.", min=16, max=1024
    )
    batch: int = setting(4, "Batch", "Crops per step.", min=1, max=256)
    learning_rate: float = setting(
        2e-3, "Learning rate", "How far each step goes.", min=1e-7, max=1
    )
    held_out: float = setting(
        0.15,
        "Held out",
        "Share of the strokes that checks what is learnt; the figure comes from a "
        "network that has not seen them.",
        min=0,
        max=0.5,
    )
    augment: bool = setting(
        True,
        "Vary the crops",
        "Flip, turn, brighten and darken the crops, so that the network does not "
        "depend on such things.",
    )

    def __post_init__(self) -> None:
        check_limits(self)

    def differs_only_in_budget(self, other: TrainingConfig) -> bool:
        """Whether seconds and steps are all that may differ from other settings."""
        same = dataclasses.replace(
            self, seconds=other.seconds, max_steps=other.max_steps
        )
        return same == other
