"""Training: it learns, can be stopped at any step, and reports how well it does."""

from __future__ import annotations

import dataclasses
import itertools
import random

import numpy as np
import pytest
from painted_blobs import blobs, scribble

from napari_garage_unet import load_model, train
from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.annotations.strokes import StrokeEdit
from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.inference.feature_cache import FeatureCaches
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.learning import budget, training
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.learning.crops.learner import CropLearner
from napari_garage_unet.engine.learning.events import StopReason
from napari_garage_unet.engine.learning.pixels import distillation, rounds
from napari_garage_unet.engine.learning.training import Training
from napari_garage_unet.engine.networks.config import NetworkConfig

PLAIN = NetworkConfig(encoder="plain", width=4, depth=2)


def make_training(steps=5, **kwargs):
    image, mask = blobs()
    config = TrainingConfig(max_steps=steps, seconds=600, crop=64, **kwargs)
    return Training(
        [Image(image, "yx", name="discs")],
        [scribble(mask)],
        network=PLAIN,
        training=config,
    )


def test_a_few_strokes_teach_both_classes():
    image, mask = blobs()
    strokes = scribble(mask)
    model = train(image, strokes, training=TrainingConfig(max_steps=150), seconds=600)
    other_image, other_mask = blobs(seed=5)
    assert (model.segment(image) == mask)[strokes == 0].mean() > 0.93
    assert (model.segment(other_image) == other_mask).mean() > 0.93


class Clock:
    """Every look at it takes some time."""

    def __init__(self, step):
        self.now = 0.0
        self.step = step

    def perf_counter(self):
        self.now += self.step
        return self.now


def test_the_patch_network_is_distilled_before_the_time_is_over(monkeypatch):
    image, mask = blobs()
    monkeypatch.setattr(budget, "time", Clock(0.015))
    monkeypatch.setattr(distillation, "DISTILLATION_STEPS", 100)
    config = TrainingConfig(seconds=30, held_out=0)
    slow = Training([Image(image, "yx")], [scribble(mask)], training=config)
    steps = [step.seconds for step in slow.run()]
    # Too slow for all four rounds of 300 steps.
    assert 800 <= len(steps) < 1000
    assert slow.reason is StopReason.TIME
    assert slow.network.patch_weight > 0.3
    assert 24 < steps[-1] < 30


def test_the_last_validation_ends_in_time_as_well(monkeypatch):
    clock = Clock(1e-6)
    monkeypatch.setattr(budget, "time", clock)
    slow = make_training(steps=None, held_out=0.5)
    slow.config = dataclasses.replace(slow.config, seconds=20)
    plain_compare, plain_step = training.compare, CropLearner.step

    def compare_slowly(*args):
        clock.now += 1.5
        return plain_compare(*args)

    def step_slowly(self, seconds_left=None):
        clock.now += 0.25
        return plain_step(self, seconds_left)

    monkeypatch.setattr(training, "compare", compare_slowly)
    monkeypatch.setattr(CropLearner, "step", step_slowly)
    steps = list(slow.run())
    assert slow.reason is StopReason.TIME
    assert steps[-1].validation is not None
    assert 18 < clock.now < 20 + 0.25 + 0.01


def test_a_model_in_between_does_not_wait_for_a_validation(monkeypatch):
    # With a clock that stands still no validation is due.
    monkeypatch.setattr(budget, "time", Clock(0))
    training_of_discs = make_training(steps=3, held_out=0.5)
    next(training_of_discs.run())
    assert not training_of_discs.checked
    with monkeypatch.context() as patch:
        patch.setattr(training, "compare", lambda *args: pytest.fail("validated"))
        unchecked = training_of_discs.model(check=False)
    for name, values in training_of_discs.predictor().network.weights().items():
        np.testing.assert_array_equal(unchecked.weights[name], values)
    assert unchecked.provenance["accuracy"] is None
    assert training_of_discs.model().provenance["accuracy"] is not None
    assert training_of_discs.checked


def test_probabilities_and_labels_keep_their_contract(tmp_path):
    image, mask = blobs(shape=(50, 67))
    strokes = scribble(mask) * 3
    model = train(
        image,
        strokes,
        seconds=600,
        network=PLAIN,
        training=TrainingConfig(max_steps=2, crop=32),
    )
    assert model.class_ids == (3, 6)
    probabilities = model.predict_proba(image)
    assert probabilities.shape == (2, 50, 67)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=0), 1, rtol=1e-5)
    labels = model.segment(image)
    assert labels.shape == (50, 67)
    assert set(np.unique(labels)) <= {3, 6}
    model.save(tmp_path / "tools.garage")
    loaded = load_model(tmp_path / "tools.garage")
    np.testing.assert_array_equal(loaded.predict_proba(image), probabilities)


def test_each_step_is_an_event_and_the_limit_is_kept():
    training = make_training(steps=5)
    events = list(training.run())
    assert [event.step for event in events] == [1, 2, 3, 4, 5]
    assert np.isfinite([event.loss for event in events]).all()
    assert all(a.seconds < b.seconds for a, b in itertools.pairwise(events))
    assert training.reason is StopReason.STEPS


def test_time_is_a_limit_too():
    training = make_training(steps=None)
    training.config = TrainingConfig(seconds=0.5, crop=64)
    assert list(training.run())[-1].seconds < 20
    assert training.reason is StopReason.TIME


def test_the_same_seed_gives_the_same_model():
    first, second = make_training(steps=3), make_training(steps=3)
    losses = [[event.loss for event in t.run()] for t in (first, second)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_the_same_seed_teaches_the_pretrained_network_the_same():
    image, mask = blobs()
    losses = []
    for seed in (3, 3, 4):
        config = TrainingConfig(max_steps=40, seed=seed)
        one = Training([Image(image, "yx")], [scribble(mask)], training=config)
        losses.append([step.loss for step in one.run()])
    same, again, other = losses
    assert same == again
    assert same[0] != other[0]


def test_training_does_not_seed_the_program_around_it(monkeypatch):
    """Seeded, TensorFlow would also forget all that it has optimised."""
    monkeypatch.setattr(tf.random, "set_seed", lambda seed: pytest.fail("seeded"))
    before, states = np.random.get_state(), []
    for _ in range(2):
        list(make_training(steps=2).run())
        states.append(random.getstate())
    assert states[0] != states[1]
    np.testing.assert_equal(np.random.get_state(), before)


def test_training_can_be_left_at_any_step_and_gone_on_with():
    training = make_training(steps=4)
    for event in training.run():
        if event.step == 2:
            break
    before = training.model().provenance["steps"]
    after = [event.step for event in training.run()]
    assert before == 2
    assert after == [3, 4, 5, 6]


def test_best_is_claimed_only_with_held_out_strokes():
    training = make_training(steps=3)
    events = list(training.run())
    assert events[-1].validation is not None
    assert 0 <= events[-1].validation.accuracy <= 1
    assert training.validated
    assert training.model().provenance["validated"] is True

    unchecked = make_training(steps=3, held_out=0.0)
    assert all(event.validation is None for event in unchecked.run())
    assert not unchecked.validated
    assert unchecked.model().provenance["validated"] is False


def test_features_can_be_computed_in_turns_before_the_first_step(monkeypatch):
    image, mask = blobs(shape=(64, 48))
    caches = FeatureCaches()
    training = Training([Image(image, "yx")], [scribble(mask)], caches=caches)
    assert sum(1 for _ in training.prepare()) >= 1
    cache = caches.get(training.network, training.preprocess)

    def refuse(*args):
        raise AssertionError("computed again")

    monkeypatch.setattr(cache.network, "features", refuse)
    monkeypatch.setattr(cache.network, "statistics_and_features", refuse)
    assert next(training.run()).step == 1


def test_stopping_between_two_checks_never_costs_what_was_learnt():
    training = make_training(steps=60)
    for event in training.run():
        if event.step == 50:
            break
    image, mask = blobs()
    stopped = (training.model().segment(image) == mask).mean()
    last = training.predictor().predict_plane(training.images[0]).argmax(axis=0) + 1
    assert stopped >= (last == mask).mean() - 0.05
    assert training.validated


def test_new_strokes_and_new_classes_are_taken_over_in_mid_training():
    training = make_training(steps=6)
    _image, mask = blobs()
    strokes = scribble(mask)
    seen = []
    for event in training.run():
        if event.step == 3:
            strokes[:4, :20] = 9
            training.set_strokes([strokes])
        seen.append(event.step)
    assert seen == [1, 2, 3, 4, 5, 6]
    assert training.model().class_ids == (1, 2, 9)
    result = training.predictor().predict_plane(training.images[0])
    assert result.shape == (3, 128, 128)


def test_strokes_that_cannot_be_learnt_from_leave_the_former_ones_in_use():
    training = make_training(steps=2)
    with pytest.raises(InputError, match="Nothing is painted"):
        training.set_strokes([np.zeros((128, 128), np.uint8)])
    assert [event.step for event in training.run()] == [1, 2]


def test_a_model_goes_on_from_what_another_has_learnt():
    training = make_training(steps=30)
    list(training.run())
    model = training.model()
    image, mask = blobs()
    further = Training(
        [Image(image, "yx")],
        [scribble(mask)],
        classes=[ClassInfo(5, "scratch")],
        start_from=model,
    )
    assert [info.id for info in further.classes] == [1, 2, 5]
    old = model.predict_proba(image)
    new = further.model().predict_proba(image)
    # A third class takes its share; the two known ones keep their proportion.
    np.testing.assert_allclose(new[0] / new[1], old[0] / old[1], rtol=1e-2)


def test_a_model_of_other_channels_is_refused_before_anything_is_learnt():
    model = make_training(steps=1).model()
    image, mask = blobs()
    with pytest.raises(InputError, match="2 channels and the model was trained on"):
        Training(
            [Image(np.stack([image, image]), "cyx")],
            [scribble(mask)],
            start_from=model,
        )


def test_stacks_are_learnt_and_segmented_plane_by_plane():
    images, masks = zip(*(blobs(seed=s, shape=(64, 64)) for s in range(3)), strict=True)
    stack, mask = np.stack(images), np.stack(masks)
    strokes = np.zeros_like(mask)
    strokes[1] = scribble(mask[1])
    model = train(
        stack,
        strokes,
        seconds=600,
        network=PLAIN,
        training=TrainingConfig(max_steps=2, crop=32),
    )
    whole = model.predict_proba(stack)
    assert whole.shape == (2, 3, 64, 64)
    np.testing.assert_allclose(whole[:, 2], model.predict_proba(stack[2]), atol=1e-6)


def test_channels_in_front_give_the_same_as_channels_behind():
    rng = np.random.default_rng(0)
    image = rng.random((64, 48, 5), np.float32)
    strokes = np.zeros((64, 48), np.uint8)
    strokes[5, 5:30], strokes[40, 5:30] = 1, 2
    settings = {
        "seconds": 600,
        "network": PLAIN,
        "training": TrainingConfig(max_steps=2, crop=32),
    }
    behind = train(image, strokes, **settings)
    front = train(np.moveaxis(image, -1, 0), strokes, **settings)
    np.testing.assert_allclose(
        front.predict_proba(np.moveaxis(image, -1, 0)),
        behind.predict_proba(image),
        atol=1e-5,
    )


def test_images_of_different_channels_are_refused():
    image, mask = blobs()
    with pytest.raises(InputError, match="3 channels"):
        Training(
            [Image(image, "yx"), Image(np.stack([image] * 3, -1), "yxc", name="rgb")],
            [scribble(mask)] * 2,
            network=PLAIN,
        )


def test_a_training_that_has_settled_says_so_and_learns_new_strokes_in_the_next_run(
    monkeypatch,
):
    monkeypatch.setattr(distillation, "DISTILLATION_STEPS", 5)
    monkeypatch.setattr(rounds, "MIN_STEPS_PER_ROUND", 5)
    image, mask = blobs()
    config = TrainingConfig(seconds=600, held_out=0)
    one = Training([Image(image, "yx")], [scribble(mask)], training=config)
    assert one.reason is None
    first = [step.step for step in one.run()]
    assert one.reason is StopReason.SETTLED
    one.set_strokes([scribble(mask, seed=1)])
    second = [step.step for step in one.run()]
    assert one.reason is StopReason.SETTLED
    assert second == list(range(first[-1] + 1, first[-1] + 1 + len(second)))
    assert len(second) > 10


def test_strokes_that_come_after_the_last_step_are_learnt_before_it_ends(monkeypatch):
    monkeypatch.setattr(distillation, "DISTILLATION_STEPS", 5)
    monkeypatch.setattr(rounds, "MIN_STEPS_PER_ROUND", 5)
    image, mask = blobs()
    config = TrainingConfig(seconds=600, held_out=0)
    one = Training([Image(image, "yx")], [scribble(mask)], training=config)
    last = len(list(one.run()))
    two = Training([Image(image, "yx")], [scribble(mask)], training=config)
    steps = 0
    for event in two.run():
        if event.step == last:
            two.set_strokes([scribble(mask, seed=1)])
        steps += 1
    assert steps > last + 10
    assert two.reason is StopReason.SETTLED


def three_classes():
    """Strokes of the classes 1, 2 and 3, the last two in the discs."""
    image, mask = blobs()
    strokes = scribble(mask)
    third = strokes.copy()
    third[:, 64:][third[:, 64:] == 2] = 3
    assert set(np.unique(third)) == {0, 1, 2, 3}
    return image, third


@pytest.mark.parametrize(
    "network", [PLAIN, NetworkConfig()], ids=["plain", "pretrained"]
)
def test_a_class_of_which_all_strokes_are_erased_leaves_the_model(network):
    image, strokes = three_classes()
    training = Training(
        [Image(image, "yx")],
        [strokes],
        network=network,
        training=TrainingConfig(max_steps=4, seconds=600, crop=64),
    )
    run = training.run()
    next(run)
    next(run)
    strokes = strokes.copy()
    strokes[strokes == 2] = 0
    training.edit_strokes([(0, StrokeEdit((slice(0, 128), slice(0, 128)), strokes))])
    list(run)
    model = training.model()
    assert model.class_ids == (1, 3)
    assert model.predict_proba(image).shape == (2, 128, 128)
    assert set(np.unique(model.segment(image))) <= {1, 3}


def test_an_erased_class_that_is_painted_again_comes_back():
    image, strokes = three_classes()
    training = Training(
        [Image(image, "yx")],
        [strokes],
        network=PLAIN,
        training=TrainingConfig(max_steps=2, seconds=600, crop=64),
    )
    list(training.run())
    training.set_strokes([np.where(strokes == 3, 0, strokes)])
    assert [info.id for info in training.classes] == [1, 2]
    training.set_strokes([strokes])
    assert [info.id for info in training.classes] == [1, 2, 3]
    list(training.run())


def test_thresholds_and_presets_go_on_with_the_classes_that_stay():
    image, strokes = three_classes()
    settings = {
        "seconds": 600,
        "network": PLAIN,
        "training": TrainingConfig(max_steps=1, crop=32),
    }
    classes = [ClassInfo(1, "ground"), ClassInfo(2, "left"), ClassInfo(3, "right")]
    rules = {2: ClassRule(threshold=0.7), 3: ClassRule(min_size=20)}
    model = train(image, strokes, classes=classes, **settings)
    model = model.with_rules(rules).with_presets({"strict": rules})
    further = train(image, strokes, start_from=model, **settings)
    assert further.rules == rules
    assert further.presets == {"strict": rules}
    assert further.classes == tuple(classes)
    without = np.where(strokes == 2, 0, strokes)
    kept = train(
        image, without, start_from=model, classes=[classes[0], classes[2]], **settings
    )
    assert kept.classes == (classes[0], classes[2])
    assert kept.rules == {3: rules[3]}
    assert kept.presets == {"strict": {3: rules[3]}}
    # Without a list of classes, a model that goes on elsewhere forgets none.
    assert train(image, without, start_from=model, **settings).class_ids == (1, 2, 3)
