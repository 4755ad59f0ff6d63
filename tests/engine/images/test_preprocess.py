"""From pixels to what a network sees."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.preprocess import (
    default_preprocess,
    measure_range,
    preprocess,
)


@pytest.fixture
def plane():
    return np.random.default_rng(0).normal(100, 20, (64, 48, 2))


def test_percentiles_become_black_and_white(plane):
    config = PreprocessConfig(low_percentile=10, high_percentile=90)
    result = preprocess(plane, config)
    low, high = np.percentile(plane[..., 0], (10, 90))
    expected = np.clip((plane[..., 0] - low) / (high - low), 0, 1)
    np.testing.assert_allclose(result[..., 0], expected, atol=1e-5)
    assert result.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, "f8"])
def test_the_data_type_does_not_matter(plane, dtype):
    whole = np.rint(plane)
    reference = preprocess(whole, PreprocessConfig())
    np.testing.assert_allclose(
        preprocess(whole.astype(dtype), PreprocessConfig()), reference, atol=1e-5
    )


def test_brightness_and_offset_do_not_matter(plane):
    reference = preprocess(plane, PreprocessConfig())
    shifted = preprocess(plane * 37 + 1e6, PreprocessConfig())
    np.testing.assert_allclose(shifted, reference, atol=1e-4)


def test_bool_images_become_black_and_white():
    plane = np.zeros((10, 10, 1), bool)
    plane[:5] = True
    result = preprocess(plane, PreprocessConfig())
    np.testing.assert_array_equal(result, plane.astype(np.float32))


def test_joint_rescaling_keeps_the_order_of_the_channels(plane):
    plane[..., 1] += 50
    joint = preprocess(plane, PreprocessConfig(joint_channels=True))
    separate = preprocess(plane, PreprocessConfig())
    assert joint[..., 1].mean() - joint[..., 0].mean() > 0.2
    assert abs(separate[..., 1].mean() - separate[..., 0].mean()) < 0.05


@pytest.mark.parametrize(
    ("axes", "n_channels", "joint"),
    [("yxc", 3, True), ("yxc", 4, True), ("yxc", 2, False), ("cyx", 3, False)],
)
def test_colours_of_a_photograph_are_rescaled_together(axes, n_channels, joint):
    shape = {"y": 20, "x": 30, "c": n_channels}
    image = Image(np.zeros([shape[a] for a in axes]), axes)
    assert default_preprocess(image).joint_channels is joint


@pytest.mark.parametrize(
    ("shape", "axes", "contrast"),
    [
        ((8, 9), "yx", "plane"),
        ((8, 9, 3), "yxc", "plane"),
        ((1, 8, 9), "zyx", "plane"),
        ((5, 8, 9), "zyx", "training"),
        ((5, 8, 9), "tyx", "training"),
    ],
)
def test_planes_of_a_stack_are_rescaled_alike(shape, axes, contrast):
    assert default_preprocess(Image(np.zeros(shape), axes)).contrast == contrast


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
@pytest.mark.parametrize("steps", [{}, {"denoise": 1.0}, {"background_radius": 9}])
def test_a_plane_scaled_by_its_own_range_is_as_without_one(dtype, steps):
    rng = np.random.default_rng(3)
    plane = rng.integers(20, 200, (40, 50, 2)).astype(dtype)
    config = PreprocessConfig(**steps)
    found = measure_range(plane, config)
    np.testing.assert_allclose(
        preprocess(plane, config, contrast=found), preprocess(plane, config), atol=1e-5
    )


@pytest.mark.parametrize("steps", [{}, {"clahe": 0.01}])
def test_an_empty_plane_stays_dark_in_the_range_of_a_full_one(steps):
    rng = np.random.default_rng(3)
    empty = rng.normal(100, 10, (64, 64, 1))
    full = empty.copy()
    full[20:40, 20:40] = 500
    config = PreprocessConfig(**steps)
    found = measure_range(full, config)
    assert preprocess(empty, config, contrast=found).mean() < 0.25
    assert preprocess(empty, config, contrast=found)[1:-1].max() < 0.6


def test_constant_channels_are_black():
    plane = np.full((8, 8, 2), 7.0)
    plane[:4, :, 1] = 9
    result = preprocess(plane, PreprocessConfig())
    assert not result[..., 0].any()
    assert result[..., 1].max() == 1


def test_few_bright_spots_are_not_rescaled_away():
    plane = np.zeros((200, 200, 1))
    plane[50, 50] = 5
    assert preprocess(plane, PreprocessConfig())[50, 50, 0] == 1


def test_values_that_are_not_finite_are_filled_with_their_neighbours(plane):
    whole = preprocess(plane, PreprocessConfig())
    plane[0, 0] = np.nan
    plane[9, 9] = np.inf
    plane[20, 20] = -np.inf
    result = preprocess(plane, PreprocessConfig())
    assert np.isfinite(result).all()
    np.testing.assert_array_equal(result[0, 0], result[1, 0])
    # Three pixels of many hardly move a percentile.
    np.testing.assert_allclose(result[30:], whole[30:], atol=0.02)


@pytest.mark.parametrize("nodata", [-9999.0, float(np.float32(-3.4028235e38)), 0.0])
@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize(
    "steps", [{}, {"background_radius": 5, "denoise": 1.0}, {"clahe": 0.02}]
)
def test_values_without_data_have_no_part_in_anything(plane, nodata, joint, steps):
    config = PreprocessConfig(joint_channels=joint, **steps)
    holes = np.zeros(plane.shape, bool)
    holes[:, 40:] = True
    filled = np.where(holes, np.float32(nodata), plane + 1).astype(np.float32)
    of_nan = np.where(holes, np.nan, plane + 1).astype(np.float32)
    result = preprocess(filled, config, missing=holes)
    np.testing.assert_array_equal(result, preprocess(of_nan, config))
    assert np.isfinite(result).all()
    assert result[:, :40].min() < 0.05
    assert result[:, :40].max() > 0.95


def test_a_channel_without_data_is_black(plane):
    plane[..., 1] = np.nan
    result = preprocess(plane, PreprocessConfig())
    assert not result[..., 1].any()
    assert result[..., 0].max() == 1


def test_values_too_far_apart_are_refused_instead_of_overflowing():
    plane = np.full((4, 4, 1), 1.0)
    plane[0] = -1.7e308
    with pytest.raises(InputError, match="scan 7 has values from"):
        preprocess(plane, PreprocessConfig(), name="scan 7")


def test_local_contrast_leaves_a_blank_channel_black(plane):
    plane[..., 1] = 7
    result = preprocess(plane, PreprocessConfig(clahe=0.02))
    assert not result[..., 1].any()
    assert result[..., 0].max() == 1


def test_a_plane_without_a_finite_pixel_is_refused_by_name():
    with pytest.raises(InputError, match="scan 7 has a plane without"):
        preprocess(np.full((4, 4, 1), np.nan), PreprocessConfig(), name="scan 7")


def test_gamma_brightens_and_darkens(plane):
    reference = preprocess(plane, PreprocessConfig())
    bright = preprocess(plane, PreprocessConfig(gamma=0.5))
    np.testing.assert_allclose(bright, reference**0.5, atol=1e-5)


def test_background_subtraction_removes_a_slope():
    rows = np.linspace(0, 100, 128)[:, None, None] * np.ones((1, 128, 1))
    rows[60:64, 60:64] += 30
    result = preprocess(rows, PreprocessConfig(background_radius=8))
    assert result[62, 62] == 1
    assert abs(result[20:40].mean() - result[90:110].mean()) < 0.05


def test_denoising_and_local_contrast_change_what_they_should(plane):
    smooth = preprocess(plane, PreprocessConfig(denoise=2))
    noise = np.abs(np.diff(preprocess(plane, PreprocessConfig()), axis=0)).mean()
    assert np.abs(np.diff(smooth, axis=0)).mean() < 0.5 * noise
    dim = plane.copy()
    dim[:32] = 100 + (dim[:32] - 100) / 10
    local = preprocess(dim, PreprocessConfig(clahe=0.03))
    plain = preprocess(dim, PreprocessConfig())
    assert local[:32].std() > 1.5 * plain[:32].std()
    assert local.min() >= 0
    assert local.max() <= 1
