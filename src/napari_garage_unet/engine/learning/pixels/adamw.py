"""AdamW whose state is an argument, so that one trace serves all networks of a kind.

A Keras optimizer is part of the function that is traced with it, and tracing takes as
long as tens of steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.backend import tf

DECAYS = (0.9, 0.999)
"""Share of the mean and of the mean square of the gradients that a step keeps."""

EPSILON = 1e-7
"""Added to the root mean square of the gradients, as in Keras."""

WEIGHT_DECAY = 1e-4
"""Share of each weight that a step takes off, per learning rate."""


class AdamW:
    """Weights of one network and the moments of their gradients.

    Adam (Kingma and Ba 2015, arXiv:1412.6980) with decoupled weight decay (Loshchilov
    and Hutter 2019, arXiv:1711.05101) and the defaults of Keras; a kernel of TensorFlow
    takes the step.

    Parameters
    ----------
    variables
        Keras variables, all of them trained.

    Attributes
    ----------
    state
        Variables, means and mean squares of the gradients: the argument of `update`.
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
        """Count a step and return the rates that `update` takes for it.

        Parameters
        ----------
        rate
            Learning rate.

        Returns
        -------
        ndarray of shape (3,), float32
            The learning rate, and the decays to the power of the steps taken.
        """
        self._taken += 1
        powers = [decay**self._taken for decay in DECAYS]
        return np.array([rate, *powers], np.float32)


def update(state: Any, gradients: Sequence[Any], rates: Any) -> None:
    """Take a step, within a traced function.

    Parameters
    ----------
    state
        `AdamW.state`.
    gradients
        Gradient of each variable.
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
