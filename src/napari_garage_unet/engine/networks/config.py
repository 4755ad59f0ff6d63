"""Settings of a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_garage_unet.engine.settings import check_limits, setting

SUMMARIES: dict[str, str] = {
    "efficientnet_lite0": "U-Net with the pretrained encoder {encoder}",
    "plain": "plain U-Net, width {width}, depth {depth}, normalisation {norm}",
}
"""What each kind of network is, with fields of `NetworkConfig` in braces.

Kinds are named here and below because forms and `garage-unet info` list them without
TensorFlow, which their classes in `build.KINDS` need.
"""


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Which U-Net."""

    encoder: Literal["efficientnet_lite0", "plain"] = setting(
        "efficientnet_lite0",
        "Encoder",
        "A pretrained encoder knows shapes and textures already and learns from few "
        "strokes; the plain one is trained from nothing.",
    )
    width: int = setting(
        16,
        "Width",
        "Channels of the plain U-Net's first level; each level below has twice as "
        "many. The textbook has 64.",
        min=1,
        max=256,
    )
    depth: int = setting(
        4,
        "Depth",
        "How often the plain U-Net halves the image.",
        min=1,
        max=7,
    )
    norm: Literal["batch", "none"] = setting(
        "batch", "Normalisation", "Normalisation after each convolution."
    )

    def __post_init__(self) -> None:
        check_limits(self)
