"""After warming up, nothing that does not depend on the classes is traced again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_garage_unet.engine.learning.warm_up import warm_up_checks
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.networks.decoder_layers import decode_planes
from napari_garage_unet.engine.networks.decoder_ops import ENSEMBLE_SIZE
from napari_garage_unet.engine.networks.patch_network import patch_network_on_planes


def test_checks_and_detail_need_no_trace_in_the_first_training():
    warm_up_checks(n_channels=1)
    network = build_network(NetworkConfig(), 1, 5)
    held_out_model = network.alone()
    functions = [
        patch_network_on_planes(1, 1),
        *(
            decode_planes(network.head.feature_maps, 1, members)
            for members in (1, ENSEMBLE_SIZE)
        ),
    ]
    traces = [f.experimental_get_tracing_count() for f in functions]
    assert traces == [1, 1, 1]
    feature_maps = network.whole(np.zeros((96, 80, 1), np.float32))[1]
    network.head.state = replace(network.head.state, blend_weight=0.5)
    for predicting in (network, held_out_model):
        assert predicting.probabilities(feature_maps).shape == (5, 96, 80)
    assert [f.experimental_get_tracing_count() for f in functions] == traces
