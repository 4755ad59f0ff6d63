"""How to train: preprocessing, network and training options."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.networks.config import NetworkConfig


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train the live model.

    Parameters
    ----------
    preprocess, network
        None lets the engine choose what suits the image.
    training
        Duration, checks and crop sizes.
    """

    preprocess: PreprocessConfig | None = None
    network: NetworkConfig | None = None
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def builds_like(self, other: Settings) -> bool:
        """Whether both ask for the same preprocessing and the same network."""
        return (self.preprocess, self.network) == (other.preprocess, other.network)
