"""Training of the plain U-Net on crops, with averaged weights."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_garage_unet.engine.compute.backend import keras, tf
from napari_garage_unet.engine.compute.devices import Devices, use_devices
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.learning.losses import balanced_cross_entropy
from napari_garage_unet.engine.learning.training_plane import TrainingPlane
from napari_garage_unet.engine.networks.base import Network
from napari_garage_unet.engine.networks.build import build_network

from .sampler import Batch, CropSampler

logger = logging.getLogger(__name__)

AVERAGE_DECAY = 0.98
"""Share of the averaged weights that a step keeps, 0 to 1."""

MIN_COMPILED_SECONDS = 120.0
"""Seconds of training that are worth half a minute of compiling with XLA."""

MIN_COMPILED_STEPS = 2000
"""The same in steps, where they are limited."""


class CropLearner:
    """Trains a network's head and keeps an average of its weights.

    The average (Polyak and Juditsky 1992) moves smoothly where single steps jump, so
    previews do not flicker and training may be stopped at any step.

    On several devices each learns from a part of the batch. Class weights and batch
    normalisation are those of the whole batch and gradients are summed, so the step is
    the one that a single device would take. In half precision the loss is scaled, and
    a step whose gradients overflow changes no weight (Micikevicius et al. 2018, "Mixed
    Precision Training", arXiv:1710.03740).

    Parameters
    ----------
    network
        Network to begin with; its weights become the average.
    config
        Settings of training. A batch has at least as many crops as there are devices.

    Attributes
    ----------
    network
        The network that takes the steps, in the precision that is fastest.
    predicting
        The averaged network, which is the given one.
    """

    settled = False
    """Steps are always left, because crops always differ."""

    def __init__(self, network: Network, config: TrainingConfig) -> None:
        self._devices = network.devices.for_steps()
        with use_devices(self._devices):
            self.network = build_network(
                network.config, network.n_channels, network.n_classes
            )
        self.network.load_state(network.state())
        self.predicting = network
        self._config = config
        self._rng = np.random.default_rng(config.seed)
        self._sampler: CropSampler | None = None
        with self._devices.scope():
            self._optimizer = keras.optimizers.Adam(config.learning_rate)
            if self._devices.precision == "mixed_float16":
                self._optimizer = keras.optimizers.LossScaleOptimizer(self._optimizer)
            self._optimizer.build(self.network.head.trainable_variables)
            self._count = tf.Variable(0.0, trainable=False)
        self._compiled = is_worth_compiling(self._devices, config)
        self._step = self._trace()

    @property
    def held_out_model(self) -> Network | None:
        """The averaged network, which does not learn held-out strokes."""
        return self.predicting

    def prepare(self, planes: Sequence[TrainingPlane]) -> None:
        """Learn these planes, but for held-out strokes, from the next step on."""
        learnt = [plane.without_held_out() for plane in planes]
        self._sampler = CropSampler(
            [plane for plane in learnt if plane.targets.any()],
            side=self._config.crop,
            stride=self.network.stride,
            rng=self._rng,
        )

    def step(self, seconds_left: float | None = None) -> float:
        """Take one step on a batch of crops and return its loss."""
        assert self._sampler is not None, "prepare() comes first"
        size = max(self._config.batch, self._devices.strategy.num_replicas_in_sync)
        return self.learn(self._sampler.draw(size, augment=self._config.augment))

    def conclude(self) -> bool:
        """Leave out nothing: all steps are alike."""
        return False

    def learn(self, batch: Batch) -> float:
        """Take one step on given crops and return its loss."""
        try:
            return float(self._step(batch.feature_maps, batch.targets))
        except tf.errors.ResourceExhaustedError:
            raise
        except tf.errors.OpError as error:
            if not self._compiled:
                raise
            # XLA compiles before anything is computed, so no weight has changed.
            logger.warning("XLA cannot compile the step, so it is not used: %s", error)
            self._compiled = False
            self._step = self._trace()
            return float(self._step(batch.feature_maps, batch.targets))

    def _trace(self) -> Any:
        # With None for batch, height and width a single trace serves every crop.
        feature_maps = tuple(
            tf.TensorSpec((None, *tensor.shape[1:]), tf.float32)
            for tensor in self.network.head.inputs
        )
        return tf.function(
            self._take_step,
            input_signature=(feature_maps, tf.TensorSpec((None, None, None), tf.int32)),
            jit_compile=self._compiled or None,
        )

    def _take_step(self, feature_maps: tuple[Any, ...], targets: Any) -> Any:
        strategy = self._devices.strategy
        losses = strategy.run(self._learn_from_part, args=(feature_maps, targets))
        return strategy.reduce("SUM", losses, axis=None)

    def _learn_from_part(self, feature_maps: tuple[Any, ...], targets: Any) -> Any:
        head = self.network.head
        replica = tf.distribute.get_replica_context()
        several = replica.num_replicas_in_sync > 1
        if several:
            part = _part_of(tf.shape(targets)[0], replica)
            feature_maps, targets = (
                tuple(feature_map[part] for feature_map in feature_maps),
                targets[part],
            )

        def add_up(counts: Any) -> Any:
            return replica.all_reduce("SUM", counts) if several else counts

        with tf.GradientTape() as tape:
            logits = head(feature_maps[0], training=True)
            loss = balanced_cross_entropy(logits, targets, add_up=add_up)
            scaled = self._optimizer.scale_loss(loss)
        variables = head.trainable_variables
        gradients = tape.gradient(scaled, variables)
        if several:
            # `apply` sums them, but LossScaleOptimizer (Keras 3.15) looks for an
            # overflow before, on the first device only; so all get the same here.
            gradients = replica.all_reduce("MEAN", gradients)
        self._optimizer.apply(gradients, variables)
        self._follow()
        return loss

    def _follow(self) -> None:
        """Move the averaged weights towards the new ones."""
        self._count.assign_add(1.0)
        # Early on the average would be mostly the random start; follow faster then.
        keep = tf.minimum(AVERAGE_DECAY, self._count / (10.0 + self._count))
        for average, new in zip(
            self.predicting.head.weights, self.network.head.weights, strict=True
        ):
            average.assign(keep * average + (1 - keep) * tf.convert_to_tensor(new))


def is_worth_compiling(devices: Devices, config: TrainingConfig) -> bool:
    """Whether XLA makes a training shorter.

    It does not if the training is short, because compiling takes long, and cannot on
    several devices, because it compiles no exchange between them.
    """
    enough_steps = config.max_steps is None or config.max_steps >= MIN_COMPILED_STEPS
    lasts = config.seconds >= MIN_COMPILED_SECONDS and enough_steps
    return devices.compiles and len(devices.names) < 2 and lasts


def _part_of(size: Any, replica: Any) -> slice:
    """Return the crops of a batch that a replica learns from."""
    number, n = replica.replica_id_in_sync_group, replica.num_replicas_in_sync
    return slice(size * number // n, size * (number + 1) // n)
