"""How the parts of a pretrained network's result are put together.

The probabilities of the decoder on the grid are smoothed along the edges of the image
by a guided filter. What the image has no edge for the network may still know, so a
share of the result is not smoothed: the probabilities of the decoder and, once it is
trained, those of the patch network. `pretrained` computes it with NumPy and
`pretrained_graph` with TensorFlow operations.
"""

from __future__ import annotations

from typing import Any

SMOOTHED_SHARE = 0.8
"""Share of the smoothed probabilities in the result while the patch network has the
weight 0; with a weight `w` it is 0.8 (1 - w)."""

SELF_TRAINING_SMOOTHED_SHARE = 0.65
"""Share of the smoothed probabilities in pseudo-labels."""

SMOOTHING_EPSILON = 1e-4
"""Variance of the pixel values (0 to 1) from which on the guided filter keeps an
edge."""

MAX_GUIDE_CHANNELS = 3
"""Images of more channels are guided by their mean."""

GUIDE_MEDIAN_PIXELS = 5
"""Side of the windows whose medians are the guide. Smoothing that followed the noise of
an image would leave isolated pixels."""


def blend_patch_network(
    probabilities: Any, patch_network: Any, blend_weight: float
) -> tuple[float, Any]:
    """Decide what is mixed into the result when the patch network counts.

    Parameters
    ----------
    probabilities, patch_network
        Probabilities of the decoder and of the patch network on the grid; arrays or
        tensors of the same shape.
    blend_weight
        Weight of the patch network in the result, 0 to 1.

    Returns
    -------
    share : float
        Share of the smoothed probabilities in the result.
    rest
        What the other share consists of, not smoothed; shaped as `probabilities`.
    """
    share = (1 - blend_weight) * SMOOTHED_SHARE
    return share, probabilities + blend_weight / (1 - share) * (
        patch_network - probabilities
    )
