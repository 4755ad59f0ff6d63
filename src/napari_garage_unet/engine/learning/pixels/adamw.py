"""AdamW for steps that are traced once for all networks of a kind.

An optimizer of Keras is a part of the function that was traced with it, and tracing
takes as long as tens of steps. Here variables and moments are arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.backend import tf

DECAYS = (0.9, 0.999)
"""How much of the mean and of the mean square of the gradients is kept."""

EPSILON = 1e-7

WEIGHT_DECAY = 1e-4
"""Share of each weight that is taken off in a step, times the learning rate."""


class AdamW:
    """Weights of one network, and the moments of their gradients.

    With the defaults of Keras (Kingma and Ba 2015, arXiv:1412.6980, with the decay of
    Loshchilov and Hutter 2019, arXiv:1711.05101); a kernel of TensorFlow takes the
    step.

    Parameters
    ----------
    variables
        Variables of Keras, all trained.

    Attributes
    ----------
    state
        Variables, means and mean squares; what `update` is given.
    """

    def __init__(self, variables: Sequence[Any]) -> None:
        weights = [variable.value for variable in variables]
        moments = [
            [tf.Variable(tf.zeros_like(weight), trainable=False) for weight in weights]
            for _ in DECAYS
        ]
        self.state = (weights, *moments)
        self._taken = 0

    def rates(self, rate: float) -> NDArray[np.float32]:
        """Count a step, and return what `update` is to be given for it.

        Parameters
        ----------
        rate
            Learning rate.
        """
        self._taken += 1
        powers = [decay**self._taken for decay in DECAYS]
        return np.array([rate, *powers], np.float32)


def update(state: Any, gradients: Sequence[Any], rates: Any) -> None:
    """Take a step; called within a function of TensorFlow.

    Parameters
    ----------
    state
        `AdamW.state` as the function got it.
    gradients
        Of each variable.
    rates
        ``(3,)`` tensor, see `AdamW.rates`.
    """
    rate, *powers = tf.unstack(rates)
    for weight, mean, square, gradient in zip(*state, gradients, strict=True):
        weight.assign_sub(weight * (WEIGHT_DECAY * rate))
        tf.raw_ops.ResourceApplyAdam(
            var=weight.handle,
            m=mean.handle,
            v=square.handle,
            beta1_power=powers[0],
            beta2_power=powers[1],
            lr=rate,
            beta1=DECAYS[0],
            beta2=DECAYS[1],
            epsilon=EPSILON,
            grad=gradient,
        )
