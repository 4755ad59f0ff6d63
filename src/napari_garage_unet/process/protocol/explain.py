"""Sentences that explain errors and the end of the engine process."""

from __future__ import annotations

import signal
import traceback

from napari_garage_unet.engine.errors import GarageError

NO_TENSORFLOW = 3
"""Exit code of an engine process that could not load TensorFlow."""

NO_TENSORFLOW_MESSAGE = (
    "The engine cannot load TensorFlow. Install it again in this environment: "
    "pip install --force-reinstall tensorflow"
)

NOT_ENOUGH_MEMORY = (
    "There is not enough memory for this; use a smaller image or a smaller network, "
    "or close other programs."
)

NOT_ENOUGH_GPU_MEMORY = (
    "The memory of the GPU is used up; close other programs that use it, choose a "
    "smaller network or smaller crops, or set CUDA_VISIBLE_DEVICES=-1 to use the CPU."
)

OUT_OF_MEMORY = (
    "The engine stopped (probably out of memory). Your strokes are safe. "
    "Restart it, or train on a smaller image."
)


def explain_error(error: BaseException) -> tuple[str, str]:
    """Explain an exception of the engine.

    Returns
    -------
    message : str
        One sentence to display.
    details : str
        The traceback; empty for a `GarageError`, which explains itself.
    """
    if isinstance(error, GarageError):
        return str(error), ""
    details = "".join(traceback.format_exception(error))
    if lack := explain_lack_of_memory(error):
        return lack, details
    lines = str(error).strip().splitlines()
    what = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return f"The engine met an unexpected error: {what}", details


def explain_lack_of_memory(error: BaseException) -> str:
    """Say what to do about a lack of memory; empty for all other errors."""
    # Compared by name, because TensorFlow may not be loaded.
    names = {kind.__name__ for kind in type(error).__mro__}
    if not names & {"MemoryError", "ResourceExhaustedError"}:
        return ""
    # The message of TensorFlow holds the name of the allocator, such as GPU_0_bfc.
    return NOT_ENOUGH_GPU_MEMORY if "GPU" in str(error) else NOT_ENOUGH_MEMORY


def explain_exit(code: int | None, log: str) -> tuple[str, str]:
    """Explain why the engine process has ended.

    Parameters
    ----------
    code
        Its exit code, on POSIX the negative number of a signal; None when it does not
        answer any more.
    log
        The last lines it wrote.

    Returns
    -------
    message : str
        What happened and what to do.
    details : str
        The log.
    """
    if code is not None and code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        if name == "SIGKILL":
            return OUT_OF_MEMORY, log
        how = f"crashed ({name})"
    elif code == NO_TENSORFLOW:
        return NO_TENSORFLOW_MESSAGE, log
    elif code is None:
        how = "stopped answering"
    else:
        how = f"stopped unexpectedly (exit code {code})"
    return f"The engine {how}. Your strokes are safe. Restart it.", log
