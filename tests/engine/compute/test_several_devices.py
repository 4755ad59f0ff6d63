"""The path of several GPUs, taken by logical CPU devices in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import logical_devices
import numpy as np
import pytest
from logical_devices import image_and_strokes

from napari_garage_unet import load_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("devices")
    script = Path(logical_devices.__file__)
    done = subprocess.run(
        [sys.executable, script, folder / "found.npz", folder / "model"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def found(folder):
    return np.load(folder / "found.npz")


def test_two_devices_take_the_step_of_one(found):
    assert (found["one losses"] > 0.1).all()
    np.testing.assert_allclose(found["two losses"], found["one losses"], rtol=1e-5)
    np.testing.assert_allclose(found["two weights"], found["one weights"], atol=2e-5)
    np.testing.assert_allclose(found["two averages"], found["one averages"], atol=2e-5)


def test_half_precision_on_two_devices_stays_near(found):
    np.testing.assert_allclose(found["half losses"], found["one losses"], rtol=2e-3)
    np.testing.assert_allclose(found["half averages"], found["one averages"], atol=0.01)


def test_a_step_that_overflows_on_one_device_is_left_out_on_all(found):
    moved, moved_next = found["overflow"]
    assert moved == 0
    assert 1e-4 < moved_next < 1


@pytest.mark.parametrize("encoder", ["plain", "efficientnet_lite0"])
def test_what_was_learnt_there_segments_the_same_on_a_cpu(folder, found, encoder):
    image, _ = image_and_strokes()
    there = found[f"{encoder} probabilities"]
    here = load_model(folder / f"model.{encoder}").predict_proba(image)
    assert (here.argmax(axis=0) == there.argmax(axis=0)).mean() > 0.995
    np.testing.assert_allclose(here, there, atol=0.01)
