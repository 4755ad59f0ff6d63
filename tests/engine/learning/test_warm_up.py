"""After warming up, nothing that does not depend on the classes is traced again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_garage_unet.engine.learning.warm_up import warm_up_checks
from napari_garage_unet.engine.networks import decoder_layers, patch_network
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig


def refuse(*args, **kwargs):
    pytest.fail("A function was traced again.")


def test_held_out_model_and_patch_network_need_no_trace_in_the_first_training(
    monkeypatch,
):
    warm_up_checks(n_channels=1)
    network = build_network(NetworkConfig(), 1, 5)
    held_out_model = network.with_single_member()
    feature_maps = network.statistics_and_features(np.zeros((96, 80, 1), np.float32))[1]
    network.head.state = replace(network.head.state, blend_weight=0.5)
    # A trace runs the Python code of the functions.
    monkeypatch.setattr(patch_network, "patch_logits", refuse)
    monkeypatch.setattr(decoder_layers, "Layers", refuse)
    for predicting in (network, held_out_model):
        assert predicting.probabilities(feature_maps).shape == (5, 96, 80)
