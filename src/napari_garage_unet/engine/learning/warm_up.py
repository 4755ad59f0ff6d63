"""Warm-up: tracing and first use of TensorFlow before the first training."""

from __future__ import annotations

import numpy as np

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.networks.pretrained import PretrainedNetwork

from .config import TrainingConfig
from .pixels.distillation_steps import DistillationSteps
from .pixels.held_out_model import HeldOutModel
from .training import Training


def warm_up(
    network: NetworkConfig | None = None, *, n_channels: int = 3, n_classes: int = 2
) -> None:
    """Build, trace and run a network once on an image of noise.

    TensorFlow's libraries, kernels and memory are in place after that; the first
    training still traces its own network.

    Parameters
    ----------
    network
        Settings of the network; None is the default one.
    n_channels, n_classes
        Numbers of channels and classes of the training that is expected.
    """
    rng = np.random.default_rng(0)
    image = Image(rng.random((64, 64, n_channels), np.float32), "yxc", name="warm-up")
    strokes = np.zeros((64, 64), np.uint8)
    for class_id in range(1, n_classes + 1):
        strokes[class_id % 64] = class_id
    training = Training(
        [image],
        [strokes],
        classes=[ClassInfo(i) for i in range(1, n_classes + 1)],
        network=network,
        training=TrainingConfig(max_steps=1, crop=64, held_out=0),
    )
    for _ in training.run():
        training.predictor().predict_plane(image)


def warm_up_checks(*, n_channels: int = 3, n_classes: int = 2) -> None:
    """Trace what the default network needs some seconds after its first step.

    These are the held-out model and the patch network.
    """
    network = PretrainedNetwork(NetworkConfig(), n_channels, n_classes)
    feature_maps = network.statistics_and_features(
        np.zeros((64, 64, n_channels), np.float32)
    )[1]
    held_out_model = HeldOutModel(network, seed=0)
    for predicting in (network, held_out_model.network):
        predicting.probabilities(feature_maps)
    DistillationSteps(network.patch_network)
    network.patch_network.on_plane(feature_maps[1], 1)
