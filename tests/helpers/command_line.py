"""The command line in this process, and input for it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet import cli
from napari_garage_unet.engine.networks.config import NetworkConfig

STEPS = 2
PLAIN = NetworkConfig(encoder="plain", width=4, depth=2)
AS_PLAIN = ("--encoder", "plain", "--width", 4, "--depth", 2)


def run(*arguments):
    """Run the command line in this process and return its exit code."""
    with pytest.raises(SystemExit) as exit_info:
        cli.main([str(argument) for argument in arguments])
    return exit_info.value.code


def squares():
    """A dark ground with bright squares, and strokes of the classes 1 and 3."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 80, (72, 80, 3)).astype(np.uint8)
    image[20:50, 25:60] += 120
    strokes = np.zeros((72, 80), np.uint8)
    strokes[5:8, 5:75] = 1
    strokes[30:34, 30:55] = 3
    return image, strokes


def assert_refused(arguments, expected, folder, capfd):
    """Run a command and check that it fails with one line and changes no file."""
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert run(*arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("garage-unet: ")
    assert len(err) > 30
    for part in expected:
        assert part in err
    assert before == {path: path.read_bytes() for path in folder.iterdir()}
