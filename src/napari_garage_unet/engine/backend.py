"""The only place that imports TensorFlow.

Environment variables and threads have to be set before TensorFlow is loaded, so this
module sets them; import it late, from code that is about to compute.
"""

from __future__ import annotations

import logging
import os
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# TensorFlow leaves oneDNN off on CPUs without AVX512-VNNI or AMX, where it still made
# a U-Net step about 1.3 times faster.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import tensorflow as tf

__all__ = [
    "available_cores",
    "keras",
    "seed_everything",
    "tf",
    "versions",
]

logger = logging.getLogger(__name__)

tf.get_logger().setLevel(logging.ERROR)


def _use_growing_gpu_memory() -> None:
    for gpu in tf.config.list_physical_devices("GPU"):
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError as error:
            # Only possible before the first use; somebody else has used TensorFlow.
            logger.info("GPU memory growth stays as it is: %s", error)


_use_growing_gpu_memory()


def available_cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy's global state and TensorFlow."""
    keras.utils.set_random_seed(seed)


def versions() -> dict[str, Any]:
    """Versions of what computes, for a model's provenance."""
    return {"tensorflow": tf.__version__, "keras": keras.__version__}
