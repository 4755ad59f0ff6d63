"""What networks compute on, and how: devices, precision, compilation.

It is decided once, by what TensorFlow finds. `use_devices` puts another decision in its
place: with it, tests let logical CPU devices stand for several GPUs.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .backend import keras, tf
from .cores import available_cores

logger = logging.getLogger(__name__)

Precision = Literal["float32", "mixed_float16", "mixed_bfloat16"]
Capability = tuple[int, int]

TENSOR_CORES: Capability = (7, 0)
"""CUDA compute capability from which on half precision is much faster than single."""

NO_GPU = "No GPU was found; computing on the CPU."

UNUSED_GPU = (
    "There is an NVIDIA GPU, but TensorFlow cannot use it; computing on the CPU. "
    'Install "napari-garage-unet[gpu]" in this environment or, if that is done, a '
    "newer driver."
)

MIN_BFLOAT16_SPEEDUP = 1.3
"""Factor by which the CPU has to be faster in bfloat16 for steps to be taken in it."""

UNUSED_GPU_WINDOWS = (
    "There is an NVIDIA GPU, but TensorFlow can use it on Linux or in WSL2 only; "
    "computing on the CPU."
)


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU that TensorFlow has found.

    Parameters
    ----------
    model
        Name of the product.
    capability
        CUDA compute capability; None for other devices.
    """

    model: str
    capability: Capability | None = None


@dataclass(frozen=True)
class Devices:
    """What a network computes on, and how.

    Parameters
    ----------
    names
        TensorFlow's names of the devices that share each step, such as
        ``("GPU:0", "GPU:1")``; with fewer than two TensorFlow chooses by itself.
    precision
        ``"mixed_float16"`` computes in half precision and keeps weights, statistics,
        logits and probabilities in single precision; ``"mixed_bfloat16"`` the same in
        bfloat16.
    compiles
        Whether XLA may compile long trainings.
    tries_bfloat16
        Whether `for_steps` may choose bfloat16.
    text
        Name of the devices in a few words, for example ``"CPU, 2 cores"``.
    note
        A sentence that says why no GPU is used; empty if one is.
    """

    names: tuple[str, ...] = ()
    precision: Precision = "float32"
    compiles: bool = False
    tries_bfloat16: bool = False
    text: str = ""
    note: str = ""

    @cached_property
    def strategy(self) -> Any:
        """The `tf.distribute.Strategy`: mirrored on several devices, else the default.

        Mirrored: each device has all weights, and part of each batch.
        """
        if len(self.names) > 1:
            return tf.distribute.MirroredStrategy(list(self.names))
        return tf.distribute.get_strategy()

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Build networks and optimizers here that learn on all of the devices."""
        with precision_scope(self.precision), self.strategy.scope():
            yield

    def for_steps(self) -> Devices:
        """Return the devices with the precision in which steps of a U-Net are taken.

        That is bfloat16 on a CPU that is faster in it. It has the range of single
        precision, so no loss needs to be scaled. Predictions stay in single precision,
        because bfloat16 has only eight significant bits.
        """
        if self.tries_bfloat16 and is_faster_in_bfloat16():
            return dataclasses.replace(self, precision="mixed_bfloat16")
        return self


@contextmanager
def precision_scope(precision: Precision) -> Iterator[None]:
    """Build layers here that compute in a precision."""
    former = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(former)


_in_use: ContextVar[Devices | None] = ContextVar("devices", default=None)


def current_devices() -> Devices:
    """Return what networks are built for: this machine, or what `use_devices` says."""
    return _in_use.get() or find_devices()


@contextmanager
def use_devices(devices: Devices) -> Iterator[None]:
    """Build networks for other devices; a network keeps those it was built for."""
    token = _in_use.set(devices)
    try:
        yield
    finally:
        _in_use.reset(token)


@cache
def find_devices() -> Devices:
    """Find the devices of this machine, and hide those that are not used."""
    physical = tf.config.list_physical_devices("GPU")
    gpus = []
    for device in physical:
        details = tf.config.experimental.get_device_details(device)
        model = str(details.get("device_name", "GPU"))
        gpus.append(Gpu(model, details.get("compute_capability")))
    used = best_gpus(gpus)
    if len(used) < len(gpus):
        try:
            tf.config.set_visible_devices([physical[n] for n in used], "GPU")
        except RuntimeError as error:
            # Only possible before the first use; other code has used TensorFlow.
            logger.info("All GPUs stay visible: %s", error)
            used = [0]
    devices = choose_devices(
        [gpus[n] for n in used],
        cores=available_cores(),
        note=explain_cpu(driver=sees_driver(), platform=sys.platform),
    )
    logger.info("Computing on %s. %s", devices.text, devices.note)
    return devices


def best_gpus(gpus: Sequence[Gpu]) -> list[int]:
    """Choose the GPUs to use: all of the most capable kind.

    They take each step together, so the others would wait for a slower one.

    Returns
    -------
    list of int
        Positions in `gpus`.
    """
    if not gpus:
        return []
    best = max(gpus, key=lambda gpu: gpu.capability or (0, 0))
    return [number for number, gpu in enumerate(gpus) if gpu == best]


def choose_devices(gpus: Sequence[Gpu], *, cores: int, note: str) -> Devices:
    """Decide what to compute on, and how.

    Parameters
    ----------
    gpus
        GPUs to use, all of the same kind.
    cores
        Cores of the CPU.
    note
        `Devices.note` when there is no GPU.
    """
    if not gpus:
        return Devices(text=f"CPU, {cores} cores", note=note, tries_bfloat16=True)
    model, capability = gpus[0].model, gpus[0].capability
    # GPUs of other makers do not report a capability.
    is_fast_in_half = capability is not None and capability >= TENSOR_CORES
    return Devices(
        tuple(f"GPU:{number}" for number in range(len(gpus))),
        precision="mixed_float16" if is_fast_in_half else "float32",
        compiles=capability is not None,
        text=model if len(gpus) == 1 else f"{len(gpus)} x {model}",
    )


@cache
def is_faster_in_bfloat16() -> bool:
    """Whether the CPU convolves clearly faster in bfloat16 than in single precision.

    It is measured, which takes some hundredths of a second: TensorFlow does not report
    the instructions of a CPU, and without those for bfloat16 it is many times slower.
    """
    images = tf.ones((2, 64, 64, 64))
    kernel = tf.ones((3, 3, 64, 64))
    seconds = {}
    for kind in (tf.float32, tf.bfloat16):
        values, weights = tf.cast(images, kind), tf.cast(kernel, kind)
        moments = []
        for _ in range(12):
            moments.append(time.perf_counter())
            tf.nn.conv2d(values, weights, 1, "SAME").numpy()
        # The fastest one: other load on the machine only makes calls slower.
        seconds[kind] = np.diff(moments[1:]).min()
    ratio = seconds[tf.float32] / seconds[tf.bfloat16]
    logger.info("Convolutions are %.1f times as fast in bfloat16.", ratio)
    return bool(ratio >= MIN_BFLOAT16_SPEEDUP)


def explain_cpu(*, driver: bool, platform: str) -> str:
    """Say why the CPU computes.

    Parameters
    ----------
    driver
        Whether there is an NVIDIA GPU with a driver.
    platform
        As `sys.platform`.
    """
    if not driver:
        return NO_GPU
    return UNUSED_GPU_WINDOWS if platform == "win32" else UNUSED_GPU


def sees_driver() -> bool:
    """Whether there is an NVIDIA GPU with a driver, and it is not hidden."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    if sys.platform == "win32":
        windows = Path(os.environ.get("SYSTEMROOT", "C:/Windows"))
        return (windows / "System32" / "nvcuda.dll").exists()
    wsl = Path("/usr/lib/wsl/lib/libcuda.so.1")
    return any(Path("/dev").glob("nvidia[0-9]*")) or wsl.exists()
