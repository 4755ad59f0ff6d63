"""Presets of a model take the place of its rules."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.networks.config import NetworkConfig

PRESETS = {
    "dark": {1: ClassRule(), 7: ClassRule(threshold=0.9)},
    "fine": {7: ClassRule(min_size=3, split=True, split_distance=2.5)},
}


@pytest.fixture
def model():
    return Model(
        classes=(ClassInfo(1, "floor"), ClassInfo(7, "wheel")),
        preprocess=PreprocessConfig(),
        network=NetworkConfig(encoder="plain", width=4),
        n_channels=1,
        weights={},
        rules={1: ClassRule(threshold=0.3)},
    )


def test_a_preset_takes_the_place_of_the_rules(model):
    tuned = model.with_presets(PRESETS)
    assert tuned.rules == model.rules
    levels = np.array([[[0.2, 0.05]], [[0.8, 0.95]]])
    assert tuned.with_preset("dark").decide(levels).tolist() == [[0, 7]]
    assert tuned.with_preset("dark").presets == PRESETS


def test_an_unknown_preset_is_one_sentence(model):
    with pytest.raises(InputError, match="no preset 'dark'; this model has none"):
        model.with_preset("dark")
    with pytest.raises(InputError, match="this model has 'dark', 'fine'"):
        model.with_presets(PRESETS).with_preset("Dark")


def test_a_preset_for_a_class_that_is_not_there_is_refused(model):
    with pytest.raises(InputError, match="no class 3 in this model"):
        model.with_presets({"odd": {3: ClassRule()}})
