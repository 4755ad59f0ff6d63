"""The only module that imports TensorFlow and Keras.

Environment variables and threads have to be set before TensorFlow is loaded, so this
module sets them; import it late, from code that is about to compute.
"""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# TensorFlow leaves oneDNN off on CPUs without AVX512-VNNI or AMX, where it still made
# a U-Net step about 1.3 times faster.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import tensorflow as tf

from .cores import available_cores, bound_cores

__all__ = [
    "available_cores",
    "keras",
    "seeded_weights",
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
            # Only possible before the first use; other code has used TensorFlow.
            logger.info("GPU memory growth stays as it is: %s", error)


_use_growing_gpu_memory()


def _keep_limit_of_threads() -> None:
    """Give TensorFlow no more threads than there are cores for this process.

    By itself it knows the cores that the process is bound to, and no other limit.
    """
    cores = available_cores()
    if cores >= bound_cores():
        return
    try:
        tf.config.threading.set_intra_op_parallelism_threads(cores)
        tf.config.threading.set_inter_op_parallelism_threads(cores)
    except RuntimeError as error:
        # Only possible before the first use; other code has used TensorFlow.
        logger.info("The number of threads stays as it is: %s", error)


_keep_limit_of_threads()


@contextmanager
def seeded_weights(seed: int) -> Iterator[None]:
    """Give the networks that are built meanwhile the same first weights each time.

    Keras seeds initializers with Python's generator, whose state is restored
    afterwards. Seeding TensorFlow would make it forget all functions that it has
    optimised: the next call of each took 0.3 s longer.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def versions() -> dict[str, Any]:
    """Return the versions of TensorFlow and Keras, for a model's provenance."""
    return {"tensorflow": tf.__version__, "keras": keras.__version__}
