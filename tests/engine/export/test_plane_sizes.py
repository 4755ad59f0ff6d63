"""Sizes of planes that exported networks take."""

from __future__ import annotations

import pytest

from napari_garage_unet.engine.export.plane_sizes import PlaneSizes
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig

PLAIN = NetworkConfig(encoder="plain", width=4, depth=2)


@pytest.mark.parametrize(
    ("config", "scales_by_plane", "smallest", "step", "halo"),
    [
        (PLAIN, True, 60, 4, 28),
        (NetworkConfig(), True, 64, 16, None),
        (NetworkConfig(), False, 528, 16, 256),
    ],
)
def test_a_network_that_needs_whole_planes_has_no_halo(
    config, scales_by_plane, smallest, step, halo
):
    network = build_network(config, 1, 2)
    sizes = PlaneSizes.of(network, scales_by_plane=scales_by_plane)
    assert (sizes.smallest, sizes.step, sizes.halo) == (smallest, step, halo)
