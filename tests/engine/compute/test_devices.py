"""Which devices, precision and compilation are chosen, and what is said of it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from napari_garage_unet.engine.compute import devices
from napari_garage_unet.engine.compute.backend import keras, seeded_weights, tf
from napari_garage_unet.engine.compute.devices import (
    Devices,
    Gpu,
    best_gpus,
    choose_devices,
    current_devices,
    explain_cpu,
    sees_driver,
    use_devices,
)
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.learning.crops import learner as crop_learner
from napari_garage_unet.engine.learning.crops.learner import (
    CropLearner,
    is_worth_compiling,
)
from napari_garage_unet.engine.learning.crops.sampler import Batch
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig

AMPERE = Gpu("NVIDIA RTX A4000", (8, 6))
AMPERE_PAIR = ("GPU:0", "GPU:1")
TINY = NetworkConfig(encoder="plain", width=2, depth=1)
HALF = Devices(precision="mixed_float16")


def choose(*gpus):
    return choose_devices(gpus, cores=4, note="No GPU.")


def make_batch(n=4, side=16):
    """Noise whose brightness tells the two classes apart."""
    rng = np.random.default_rng(0)
    pixels = rng.random((n, side, side, 1), np.float32)
    return Batch((pixels,), 1 + (pixels[..., 0] > 0.7).astype(np.int32))


def learn(on, steps, config=None):
    """Losses, probabilities and weights of a tiny U-Net after some steps."""
    with seeded_weights(0), use_devices(on):
        network = build_network(TINY, 1, 2)
    learner = CropLearner(network, config or TrainingConfig(learning_rate=0.01))
    batch = make_batch()
    losses = [learner.learn(batch) for _ in range(steps)]
    return (
        losses,
        learner.predicting.probabilities((batch.feature_maps[0][0],)),
        learner,
    )


def test_without_a_gpu_the_cpu_computes_in_single_precision():
    chosen = choose()
    assert (chosen.text, chosen.note) == ("CPU, 4 cores", "No GPU.")
    assert (chosen.names, chosen.precision, chosen.compiles) == ((), "float32", False)
    assert chosen.strategy.num_replicas_in_sync == 1


@pytest.mark.parametrize(("times", "faster"), [(2.0, True), (1.1, False), (0.1, False)])
def test_bfloat16_is_taken_where_convolutions_are_clearly_faster(
    monkeypatch, times, faster
):
    now = 0.0

    def convolve(values, *_):
        nonlocal now
        now += 1.0 / times if values.dtype == tf.bfloat16 else 1.0
        return values

    monkeypatch.setattr(tf.nn, "conv2d", convolve)
    monkeypatch.setattr(devices.time, "perf_counter", lambda: now)
    assert devices.is_faster_in_bfloat16.__wrapped__() == faster


def test_steps_on_a_cpu_may_be_in_bfloat16_and_predictions_are_not(monkeypatch):
    monkeypatch.setattr(devices, "is_faster_in_bfloat16", lambda: True)
    losses, found, learner = learn(choose(), 60, TrainingConfig(learning_rate=0.03))
    assert learner.network.head.layers[1].compute_dtype == "bfloat16"
    assert learner.predicting.head.layers[1].compute_dtype == "float32"
    assert {w.dtype for w in learner.network.weights().values()} == {np.dtype("f4")}
    assert losses[-1] < 0.5 * losses[0]
    bright = make_batch().targets[0] == 2
    assert ((found[1] > 0.5) == bright).mean() > 0.9
    # Neither GPUs nor devices that somebody else has decided about are asked.
    for chosen in (choose(AMPERE), choose(Gpu("a card", (6, 1))), Devices()):
        assert chosen.for_steps() is chosen
    monkeypatch.setattr(devices, "is_faster_in_bfloat16", lambda: False)
    assert choose().for_steps() == choose()


@pytest.mark.parametrize(
    ("capability", "precision", "compiles"),
    [
        ((6, 1), "float32", True),
        ((7, 0), "mixed_float16", True),
        ((12, 0), "mixed_float16", True),
        (None, "float32", False),
    ],
)
def test_half_precision_needs_tensor_cores_and_xla_needs_cuda(
    capability, precision, compiles
):
    chosen = choose(Gpu("a card", capability))
    assert (chosen.names, chosen.text, chosen.note) == (("GPU:0",), "a card", "")
    assert (chosen.precision, chosen.compiles) == (precision, compiles)


def test_several_gpus_are_used_together():
    chosen = choose(AMPERE, AMPERE)
    assert chosen.names == AMPERE_PAIR
    assert chosen.text == "2 x NVIDIA RTX A4000"


def test_a_weaker_gpu_is_left_out():
    display = Gpu("NVIDIA T400", (7, 5))
    assert best_gpus([display, AMPERE, AMPERE]) == [1, 2]
    assert best_gpus([Gpu("some GPU"), Gpu("some GPU")]) == [0, 1]
    assert best_gpus([]) == []


@pytest.mark.parametrize("initialised", [False, True])
def test_what_tensorflow_finds_is_what_is_used(monkeypatch, initialised):
    cards = {
        "GPU a": {"device_name": "NVIDIA T400", "compute_capability": (7, 5)},
        "GPU b": {"device_name": "NVIDIA RTX A4000", "compute_capability": (8, 6)},
        "GPU c": {"device_name": "NVIDIA RTX A4000", "compute_capability": (8, 6)},
    }
    visible = []

    def show(names, kind):
        if initialised:
            raise RuntimeError("Visible devices cannot be modified after being used")
        visible.extend(names)

    config = tf.config
    monkeypatch.setattr(config, "list_physical_devices", lambda kind: list(cards))
    monkeypatch.setattr(config.experimental, "get_device_details", cards.get)
    monkeypatch.setattr(config, "set_visible_devices", show)
    found = devices.find_devices.__wrapped__()
    if initialised:
        # It is too late to hide the weaker one, which TensorFlow uses first.
        assert (found.names, found.text) == (("GPU:0",), "NVIDIA T400")
    else:
        assert visible == ["GPU b", "GPU c"]
        assert (found.names, found.text) == (AMPERE_PAIR, "2 x NVIDIA RTX A4000")


def test_people_hear_why_the_cpu_computes():
    assert explain_cpu(driver=False, platform="linux") == (
        "No GPU was found; computing on the CPU."
    )
    on_linux = explain_cpu(driver=True, platform="linux")
    assert '"napari-garage-unet[gpu]"' in on_linux
    assert "computing on the CPU" in on_linux
    assert "WSL2" in explain_cpu(driver=True, platform="win32")


@pytest.mark.parametrize("value", ["", "-1"])
def test_a_gpu_that_is_hidden_on_purpose_is_not_spoken_of(monkeypatch, value):
    monkeypatch.setattr(devices.Path, "exists", lambda path: True)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert sees_driver()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert not sees_driver()


def test_another_decision_holds_for_a_while_and_leaves_nothing_behind():
    before, policy = current_devices(), keras.config.dtype_policy().name
    with use_devices(HALF):
        network = build_network(TINY, 1, 2)
        assert current_devices() is HALF
    assert (current_devices(), keras.config.dtype_policy().name) == (before, policy)
    assert network.devices is HALF
    assert network.head.layers[1].compute_dtype == "float16"
    assert build_network(TINY, 1, 2).head.layers[1].compute_dtype == "float32"


def test_half_precision_learns_as_single_does_and_keeps_single_weights():
    losses, probabilities, learner = learn(HALF, 20)
    single_losses, _, other = learn(Devices(), 20)
    assert losses[-1] < 0.7 * losses[0]
    np.testing.assert_allclose(losses, single_losses, rtol=0.01)
    assert probabilities.dtype == np.float32
    assert learner.network.head.output.dtype == "float32"
    shapes = [(w.dtype, w.shape) for w in learner.predicting.weights().values()]
    assert {dtype for dtype, _ in shapes} == {np.dtype(np.float32)}
    assert shapes == [(w.dtype, w.shape) for w in other.predicting.weights().values()]


def test_weights_learnt_in_half_precision_predict_the_same_in_single():
    _, half, learner = learn(HALF, 5)
    single = build_network(TINY, 1, 2)
    single.load_state(learner.predicting.state())
    found = single.probabilities((make_batch().feature_maps[0][0],))
    np.testing.assert_allclose(found, half, atol=2e-3)
    assert (found != half).any()


def test_xla_is_left_to_long_trainings_on_one_device():
    one = Devices(("GPU:0",), compiles=True)
    long = TrainingConfig(seconds=600)
    assert is_worth_compiling(one, long)
    assert not is_worth_compiling(one, TrainingConfig(seconds=30))
    assert not is_worth_compiling(one, dataclasses.replace(long, max_steps=50))
    assert not is_worth_compiling(Devices(AMPERE_PAIR, compiles=True), long)
    assert not is_worth_compiling(Devices(), long)


def test_what_xla_cannot_compile_is_computed_without_it(monkeypatch, caplog):
    plain = crop_learner.balanced_cross_entropy

    def uncompilable(logits, targets, **kwargs):
        zero = tf.numpy_function(lambda: np.float32(0), [], tf.float32)
        return plain(logits, targets, **kwargs) + tf.reshape(zero, ())

    monkeypatch.setattr(crop_learner, "balanced_cross_entropy", uncompilable)
    config = TrainingConfig(seconds=600, learning_rate=0.01)
    losses, probabilities, _ = learn(Devices(compiles=True), 3, config)
    assert "XLA cannot compile" in caplog.text
    expected, single, _ = learn(Devices(), 3, config)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    np.testing.assert_allclose(probabilities, single, atol=1e-5)


@pytest.mark.slow
def test_a_compiled_step_is_the_same_step(caplog):
    config = TrainingConfig(seconds=600, learning_rate=0.01)
    losses, probabilities, _ = learn(Devices(compiles=True), 3, config)
    assert not caplog.records
    expected, single, _ = learn(Devices(), 3, config)
    np.testing.assert_allclose(losses, expected, rtol=1e-3)
    np.testing.assert_allclose(probabilities, single, atol=1e-3)
