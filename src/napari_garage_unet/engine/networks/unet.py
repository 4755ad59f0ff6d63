"""The U-Net, from three named blocks.

References
----------
Ronneberger, Fischer, Brox: U-Net: Convolutional Networks for Biomedical Image
Segmentation, MICCAI 2015, doi:10.1007/978-3-319-24574-4_28. The blocks are those it is
usually taught with in Keras: same padding, batch normalisation, transposed
convolutions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from napari_garage_unet.engine.compute.backend import keras, tf
from napari_garage_unet.engine.errors import InputError

Tensor = Any

TEXTBOOK_WIDTHS = (64, 128, 256, 512, 1024)
"""Channels of the four encoder levels and of the bottleneck in the paper."""


def conv_block(x: Tensor, filters: int, *, norm: str = "batch") -> Tensor:
    """Apply twice: 3x3 convolution with same padding, normalisation, ReLU.

    Parameters
    ----------
    x
        ``(batch, H, W, channels)``.
    filters
        Channels of the result.
    norm
        ``"batch"`` or ``"none"``.

    Returns
    -------
    tensor of shape (batch, H, W, filters)

    Notes
    -----
    Built in the scope of a `tf.distribute.Strategy` of several devices, the layers
    normalise by the whole batch, not by one device's part of it.
    """
    several = tf.distribute.get_strategy().num_replicas_in_sync > 1
    for _ in range(2):
        x = keras.layers.Conv2D(
            filters,
            3,
            padding="same",
            use_bias=norm == "none",
            kernel_initializer="he_normal",
        )(x)
        if norm == "batch":
            x = keras.layers.BatchNormalization(momentum=0.9, synchronized=several)(x)
        x = keras.layers.ReLU()(x)
    return x


def encoder_block(
    x: Tensor, filters: int, *, norm: str = "batch"
) -> tuple[Tensor, Tensor]:
    """Apply a conv block, then halve with 2x2 max-pooling.

    Returns
    -------
    skip : tensor of shape (batch, H, W, filters)
    pooled : tensor of shape (batch, H / 2, W / 2, filters)
    """
    skip = conv_block(x, filters, norm=norm)
    return skip, keras.layers.MaxPooling2D(2, strides=2)(skip)


def decoder_block(
    x: Tensor, skip: Tensor, filters: int, *, norm: str = "batch"
) -> Tensor:
    """Double with a transposed convolution, join the skip, apply a conv block.

    Parameters
    ----------
    x
        ``(batch, H / 2, W / 2, channels)``, from the level below.
    skip
        ``(batch, H, W, channels)``, from the encoder.

    Returns
    -------
    tensor of shape (batch, H, W, filters)
    """
    x = keras.layers.Conv2DTranspose(filters, 2, strides=2, padding="same")(x)
    x = keras.layers.Concatenate()([x, skip])
    return conv_block(x, filters, norm=norm)


def build_unet(
    input_shape: tuple[int | None, int | None, int] = (160, 160, 3),
    n_classes: int = 1,
    *,
    widths: Sequence[int] = TEXTBOOK_WIDTHS,
    norm: str = "batch",
    activation: bool = True,
) -> keras.Model:
    """Build the U-Net.

    Parameters
    ----------
    input_shape
        Height, width and channels. Heights and widths that ``2 ** (len(widths) - 1)``
        does not divide are padded inside the model and cropped back. With None for
        both, any size that it divides goes in.
    n_classes
        1 gives one sigmoid node (a class against background), more give a softmax.
    widths
        Channels of each encoder level and, last, of the bottleneck.
    norm
        ``"batch"`` or ``"none"``.
    activation
        False leaves out sigmoid or softmax and returns logits.

    Returns
    -------
    keras.Model
        From ``(batch, H, W, channels)`` to ``(batch, H, W, n_classes)``, float32.

    Raises
    ------
    InputError
        If a size is not positive.

    Examples
    --------
    >>> model = build_unet((160, 160, 3), widths=(8, 16, 32))
    >>> model.output_shape
    (None, 160, 160, 1)
    """
    sizes = [n for n in (*input_shape, n_classes, *widths) if n is not None]
    if min(sizes) < 1 or len(widths) < 2:
        raise InputError(
            f"A U-Net of input {input_shape}, {n_classes} classes and widths "
            f"{tuple(widths)} cannot be built; sizes are positive whole numbers and "
            "there are at least two widths."
        )
    inputs = keras.Input(input_shape, name="image")
    margins = _margins(input_shape[:2], 2 ** (len(widths) - 1))
    x = keras.layers.ZeroPadding2D(margins)(inputs) if margins else inputs
    skips = []
    for filters in widths[:-1]:
        skip, x = encoder_block(x, filters, norm=norm)
        skips.append(skip)
    x = conv_block(x, widths[-1], norm=norm)
    for filters, skip in zip(reversed(widths[:-1]), reversed(skips), strict=True):
        x = decoder_block(x, skip, filters, norm=norm)
    if margins:
        x = keras.layers.Cropping2D(margins)(x)
    x = keras.layers.Conv2D(n_classes, 1, name="logits", dtype="float32")(x)
    if activation:
        kind = "sigmoid" if n_classes == 1 else "softmax"
        x = keras.layers.Activation(kind, dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, x, name="unet")


def receptive_radius(depth: int) -> int:
    """Return how far in pixels an output of `build_unet` depends on the image.

    Counts the reach of the 3x3 convolutions at each level, of the poolings and of the
    transposed convolutions, plus the shift of the pooling grid.

    Parameters
    ----------
    depth
        How often the network halves the image.
    """
    bottleneck = 1 << depth
    convolutions = sum(2 * 2 << level for level in range(depth)) + 2 * bottleneck
    return convolutions + 2 * bottleneck


def _margins(
    size: tuple[int | None, ...], multiple: int
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    if any(n is None for n in size):
        return None
    missing = [-int(n or 0) % multiple for n in size]
    if not any(missing):
        return None
    first, second = ((n // 2, n - n // 2) for n in missing)
    return first, second
