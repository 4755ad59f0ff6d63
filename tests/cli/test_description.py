"""Networks in the words of `garage-unet info`."""

from __future__ import annotations

import pytest

from napari_garage_unet.cli.description import describe_check, describe_model
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


@pytest.mark.parametrize(
    ("provenance", "text"),
    [
        (
            {"accuracy": 0.934, "validated": True, "held_out_strokes": 2},
            "93 % of the held-out strokes right",
        ),
        (
            {"accuracy": None, "validated": False, "held_out_strokes": 2},
            "ended before the first check on held-out strokes",
        ),
        (
            {"accuracy": None, "validated": False, "held_out_strokes": 0},
            "too few strokes to hold any out",
        ),
        # Models of earlier versions do not say how many were held out.
        ({"validated": False}, "not checked on held-out strokes"),
        ({"validated": True}, "checked on held-out strokes"),
    ],
)
def test_why_there_is_no_figure_depends_on_the_strokes(provenance, text):
    assert describe_check(provenance) == text
