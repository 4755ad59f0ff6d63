"""After warming up, nothing that does not depend on the classes is traced again."""

from __future__ import annotations

import numpy as np

from napari_garage_unet.engine.learning.warm_up import warm_up_checks
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.networks.decoder_ops import MEMBERS, decode_planes
from napari_garage_unet.engine.networks.patch_network import _detail_planes


def test_checks_and_detail_need_no_trace_in_the_first_training():
    warm_up_checks(n_channels=1)
    network = build_network(NetworkConfig(), 1, 5)
    judge = network.alone()
    functions = [
        _detail_planes(1, 1),
        *(decode_planes(network.head.taps, 1, members) for members in (1, MEMBERS)),
    ]
    traces = [f.experimental_get_tracing_count() for f in functions]
    assert traces == [1, 1, 1]
    taps = network.whole(np.zeros((96, 80, 1), np.float32))[1]
    network.detail.vote.assign(0.5)
    for predicting in (network, judge):
        assert predicting.probabilities(taps).shape == (5, 96, 80)
    assert [f.experimental_get_tracing_count() for f in functions] == traces
