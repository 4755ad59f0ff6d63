"""A model learnt on a stack leaves planes without signal empty."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage.draw import disk

from napari_garage_unet import load_model, train
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.learning.training import Training

SHAPE = (96, 112)
FULL = 2
"""The plane that has discs and strokes."""


def noise(rng, mean=100.0, sigma=0.0):
    values = rng.normal(0, 10, SHAPE)
    if sigma:
        values = ndimage.gaussian_filter(values, sigma)
        values *= 10 / values.std()
    return mean + values


def discs(seed, bright):
    rng = np.random.default_rng(seed)
    mask = np.zeros(SHAPE, bool)
    for y, x in rng.integers(12, np.array(SHAPE) - 12, (7, 2)):
        mask[disk((y, x), 9)] = True
    return mask, mask * bright


def make_stack():
    """Five planes: noise, blurred noise, discs, faint ghosts, a gradient."""
    rng = np.random.default_rng(0)
    mask, signal = discs(1, 400.0)
    planes = np.stack(
        [
            noise(rng),
            noise(rng, sigma=2),
            noise(rng) + signal,
            noise(rng) + discs(5, 15.0)[1],
            noise(rng) + np.linspace(0, 50, SHAPE[1]),
        ]
    )
    strokes = np.zeros(planes.shape, np.uint8)
    strokes[FULL][ndimage.binary_erosion(mask, iterations=5)] = 2
    ground = np.zeros(SHAPE, bool)
    ground[4:92:16] = True
    strokes[FULL][ground & ~ndimage.binary_dilation(mask, iterations=2)] = 1
    return planes.clip(0).astype(np.uint16), strokes, mask


def learn(planes, strokes, axes="zyx", seed=0, **kwargs):
    config = TrainingConfig(max_steps=40)
    images = Image(planes, axes, name="stack")
    return train(images, strokes, seconds=600, seed=seed, training=config, **kwargs)


@pytest.fixture(scope="module")
def stack():
    return make_stack()


@pytest.fixture(scope="module")
def model(stack):
    return learn(*stack[:2])


def assert_only_discs(labels, mask):
    for plane in (0, 1, 3, 4):
        assert (labels[plane] == 2).mean() <= 0.005
    found = labels[FULL] == 2
    assert (found & mask).sum() / (found | mask).sum() > 0.9


def test_planes_without_signal_stay_empty(model, stack):
    planes, _, mask = stack
    assert model.preprocess.contrast == "training"
    assert_only_discs(model.segment(planes), mask)


@pytest.mark.parametrize("contrast", ["training", "stack"])
def test_a_blank_picture_of_a_batch_stays_empty(model, contrast):
    blank = noise(np.random.default_rng(9)).astype(np.uint16)
    labels = model.with_contrast(contrast).segment(Image(blank, "yx"))
    assert (labels == 2).mean() <= 0.005


def test_another_exposure_is_followed_where_the_stack_is_the_measure(model, stack):
    planes, _, mask = stack
    bright = (planes * 3.0).astype(np.uint16)
    assert_only_discs(model.with_contrast("stack").segment(bright), mask)


@pytest.mark.parametrize(("seed", "axes"), [(1, "zyx"), (2, "tyx")])
def test_strokes_on_an_empty_plane_and_other_seeds_change_nothing(stack, seed, axes):
    planes, strokes, mask = stack
    more = strokes.copy()
    more[0, 40:43, 10:90] = 1
    labels = learn(planes, more, axes, seed).segment(Image(planes, axes))
    assert_only_discs(labels, mask)


def test_the_contrast_is_kept_with_the_model(model, stack, tmp_path):
    model.save(tmp_path / "stack.garage")
    loaded = load_model(tmp_path / "stack.garage")
    np.testing.assert_array_equal(loaded.segment(stack[0]), model.segment(stack[0]))
    low, high = (loaded.info()["contrast"][end][0] for end in ("low", "high"))
    assert 60 < low < 90
    assert 480 < high < 560


def test_each_plane_can_still_be_scaled_by_itself(stack):
    planes, strokes, _ = stack
    model = learn(planes, strokes, preprocess=PreprocessConfig())
    assert model.contrast is None
    alone = model.predict_proba(Image(planes[0], "yx"))
    np.testing.assert_array_equal(model.predict_proba(planes)[:, 0], alone)
    with pytest.raises(InputError, match="does not know the contrast"):
        model.with_contrast("training")


def test_a_brighter_plane_painted_later_widens_the_range(stack):
    planes, _, mask = stack
    strokes = np.zeros(planes.shape, np.uint8)
    strokes[0, 10, 10:90] = 1
    strokes[0, 50, 10:90] = 2
    image = Image(planes, "zyx")
    config = TrainingConfig(max_steps=4)
    training = Training([image], [strokes], training=config)
    next(training.run())
    assert training.model().contrast.range.high[0] < 150
    strokes[FULL][mask] = 2
    training.set_strokes([strokes])
    next(training.run())
    widened = training.model().contrast.range
    assert widened.high[0] > 450
    # A plane within the range changes nothing.
    strokes[4, 50, 10:90] = 1
    training.set_strokes([strokes])
    assert training.model().contrast.range is widened


def test_only_painted_planes_are_read(stack):
    planes, strokes, _ = stack
    read = set()

    class Lazy:
        shape, dtype = planes.shape, planes.dtype

        def __getitem__(self, key):
            read.add(key[0])
            return planes[key]

    config = TrainingConfig(max_steps=4)
    for _ in Training([Image(Lazy(), "zyx")], [strokes], training=config).run():
        pass
    assert read == {FULL}


def test_objects_need_no_minimal_size_to_be_right(model, stack):
    planes, _, _ = stack
    cleaned = model.with_rules({2: ClassRule(min_size=50)}).segment(planes)
    for plane in (0, 1, 3, 4):
        assert not (cleaned[plane] == 2).any()
