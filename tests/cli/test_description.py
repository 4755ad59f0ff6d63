"""Networks in the words of `garage-unet info`."""

from __future__ import annotations

import pytest

from napari_garage_unet.cli.description import describe_model
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.settings import to_json


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (NetworkConfig(), "U-Net with the pretrained encoder efficientnet_lite0"),
        (
            NetworkConfig(encoder="plain", width=8, depth=3, norm="none"),
            "plain U-Net, width 8, depth 3, normalisation none",
        ),
    ],
)
def test_a_network_is_described_by_what_matters_to_its_kind(config, text):
    described = describe_model(
        {
            "classes": [{"id": 1, "name": "wall"}],
            "rules": {},
            "n_channels": 1,
            "axes": "yx",
            "network": to_json(config),
            "preprocess": to_json(PreprocessConfig()),
            "provenance": {},
        }
    )
    assert f"Network  {text}\n" in described
