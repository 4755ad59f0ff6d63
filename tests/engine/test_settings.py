"""Settings and their JSON form."""

from __future__ import annotations

import json

import pytest

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.settings import from_json, to_json


@pytest.mark.parametrize(
    "config",
    [
        PreprocessConfig(clahe=0.02, gamma=0.7, joint_channels=True),
        NetworkConfig(encoder="plain", width=8, norm="none"),
        TrainingConfig(seconds=5, max_steps=7, held_out=0.25),
        ClassInfo(3, "wheel", "#112233", background=True),
    ],
)
def test_settings_survive_json(config):
    text = json.dumps(to_json(config))
    assert from_json(type(config), json.loads(text)) == config


@pytest.mark.parametrize(
    "values",
    [
        {"gamma": 0},
        {"gamma": "bright"},
        {"gamma": True},
        {"low_percentile": 60},
        {"joint_channels": 1},
        {"gamma": float("nan")},
    ],
)
def test_values_out_of_range_are_refused(values):
    with pytest.raises(InputError):
        from_json(PreprocessConfig, values)


def test_unknown_settings_are_refused_because_results_would_differ():
    with pytest.raises(InputError, match="sharpen"):
        from_json(PreprocessConfig, {"sharpen": 1})


def test_unknown_encoders_are_refused():
    with pytest.raises(InputError, match="Encoder"):
        NetworkConfig(encoder="resnet")


def test_missing_class_id_is_named():
    with pytest.raises(InputError, match="id"):
        from_json(ClassInfo, {"name": "wheel"})


def test_classes_start_at_one_and_are_never_nameless():
    assert ClassInfo(4).name == "class 4"
    with pytest.raises(InputError, match="0 means unlabelled"):
        ClassInfo(0)
