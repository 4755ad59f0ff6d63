"""Two logical CPU devices take the path of two GPUs; run in a process of its own.

Writes what came out to an ``.npz`` file, and a model to another.
"""

import sys

import numpy as np

from napari_garage_unet import train
from napari_garage_unet.engine.compute.backend import seeded_weights, tf
from napari_garage_unet.engine.compute.devices import Devices, use_devices
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.learning.crops.learner import CropLearner
from napari_garage_unet.engine.learning.crops.sampler import Batch
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig

TINY = {"encoder": "plain", "width": 2, "depth": 1}
TWO = Devices(("CPU:0", "CPU:1"))
TWO_HALF = Devices(TWO.names, precision="mixed_float16")


def make_batches():
    """Of even and odd sizes; the second half of each has another share of classes."""
    rng = np.random.default_rng(0)
    for size in (4, 5, 2):
        pixels = rng.random((size, 16, 16, 1), np.float32)
        targets = np.zeros((size, 16, 16), np.int32)
        targets[:, 2:4] = 1
        targets[size // 2 :, 6:9] = 1
        targets[-1, 10:12, 3:9] = 2
        yield Batch((pixels,), targets)


def make_learner(devices, norm="batch"):
    with seeded_weights(0), use_devices(devices):
        network = build_network(NetworkConfig(**TINY, norm=norm), 1, 2)
    return CropLearner(network, TrainingConfig())


def learn(devices):
    """Losses of some steps, and the weights and averaged weights they lead to."""
    learner = make_learner(devices)
    losses = [learner.learn(batch) for batch in make_batches()]
    networks = {"weights": learner.network, "averages": learner.predicting}
    joined = {
        name: np.concatenate([w.ravel() for w in network.weights().values()])
        for name, network in networks.items()
    }
    return {"losses": losses, **joined}


def overflow():
    """How far a step moves the weights whose second half overflows, and the next."""
    learner = make_learner(TWO_HALF, norm="none")
    batch = next(make_batches())
    pixels = batch.feature_maps[0].copy()
    pixels[-1] = np.inf
    before = learner.network.weights()
    learner.learn(Batch((pixels,), batch.targets))
    between = learner.network.weights()
    learner.learn(batch)
    after = learner.network.weights()
    return [
        max(np.abs(new[name] - old[name]).max() for name in old)
        for old, new in ((before, between), (between, after))
    ]


def image_and_strokes():
    rng = np.random.default_rng(1)
    image = np.full((64, 64), 60, np.uint8)
    image[16:48, 20:50] = 180
    image += rng.integers(0, 40, image.shape, np.uint8)
    strokes = np.zeros(image.shape, np.uint8)
    strokes[4:8, 5:60], strokes[30:34, 25:45] = 1, 2
    return image, strokes


def main(results, model_path):
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * 2
    )
    found = {}
    for name, devices in (("one", Devices()), ("two", TWO), ("half", TWO_HALF)):
        assert devices.strategy.num_replicas_in_sync == max(len(devices.names), 1)
        for key, value in learn(devices).items():
            found[f"{name} {key}"] = value
    found["overflow"] = overflow()
    image, strokes = image_and_strokes()
    for encoder in ("plain", "efficientnet_lite0"):
        with use_devices(TWO_HALF):
            model = train(
                image,
                strokes,
                seconds=600,
                network=NetworkConfig(encoder=encoder, width=4, depth=2),
                # One crop per step is too few for two devices.
                training=TrainingConfig(max_steps=40, crop=32, batch=1),
            )
            found[f"{encoder} probabilities"] = model.predict_proba(image)
        model.save(f"{model_path}.{encoder}")
    np.savez(results, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
