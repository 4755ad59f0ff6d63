"""Settings of preprocessing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_garage_unet.engine.settings import check_limits, setting

Contrast = Literal["plane", "stack", "training"]
"""Values of `PreprocessConfig.contrast`."""


@dataclass(frozen=True, slots=True)
class PreprocessConfig:
    """Preprocessing of a plane, step by step in the order of the fields.

    The help text of each field is its documentation. `preprocess.preprocess` applies
    the steps; the model file stores the values.

    Raises
    ------
    InputError
        If a value has the wrong type or lies outside its limits.
    """

    background_radius: int = setting(
        0,
        "Subtract background",
        "Radius in pixels of the smooth background that is subtracted; 0 leaves it.",
        min=0,
        max=1000,
    )
    denoise: float = setting(
        0.0,
        "Denoise",
        "Sigma in pixels of a Gaussian filter against noise; 0 leaves the noise.",
        min=0,
        max=20,
    )
    low_percentile: float = setting(
        0.5,
        "Black at",
        "This percentile of a plane's pixels becomes black.",
        min=0,
        max=49,
    )
    high_percentile: float = setting(
        99.5,
        "White at",
        "This percentile of a plane's pixels becomes white.",
        min=51,
        max=100,
    )
    clahe: float = setting(
        0.0,
        "Local contrast",
        "Clip limit of contrast-limited adaptive histogram equalisation; 0 is off.",
        min=0,
        max=1,
    )
    gamma: float = setting(
        1.0,
        "Gamma",
        "Below 1 brightens dark regions, above 1 darkens them.",
        min=0.05,
        max=20,
    )
    joint_channels: bool = setting(
        False,
        "Rescale colours together",
        "One black and white point for all channels, which keeps the colours of a "
        "photograph; otherwise each channel has its own.",
    )
    contrast: Literal["plane", "stack", "training"] = setting(
        "plane",
        "Contrast of",
        "What black and white are measured on: each plane for itself, which shows "
        "something in every plane; the whole stack; or the planes that were painted in "
        "training, so that planes and pictures without signal stay empty.",
    )

    def __post_init__(self) -> None:
        check_limits(self)
