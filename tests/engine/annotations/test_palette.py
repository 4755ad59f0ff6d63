import numpy as np
import pytest

from napari_garage_unet.engine.annotations.palette import PALETTE, color_for
from napari_garage_unet.engine.errors import InputError


def test_colours_can_be_told_apart_with_every_kind_of_colour_vision():
    from skimage.color import deltaE_ciede2000, rgb2lab

    rgb = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in PALETTE]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    # Machado et al. 2009, severity 1.0.
    seen_by = {
        "normal": np.eye(3),
        "protanope": [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        "deuteranope": [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
        "tritanope": [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    }
    for who, matrix in seen_by.items():
        seen = np.clip(linear @ np.transpose(matrix), 0, 1)
        srgb = np.where(
            seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055
        )
        lab = rgb2lab(srgb)
        distance = deltaE_ciede2000(lab[:, None], lab[None])
        np.fill_diagonal(distance, np.inf)
        assert distance.min() > 10, who


def test_colours_repeat_after_the_palette_and_start_at_one():
    assert len(set(PALETTE)) == len(PALETTE) >= 16
    assert color_for(1) == PALETTE[0]
    assert color_for(len(PALETTE) + 1) == PALETTE[0]
    with pytest.raises(InputError, match="from 1 to 65535"):
        color_for(0)
