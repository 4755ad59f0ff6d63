from __future__ import annotations

import pytest

from napari_garage_unet.engine.errors import InputError, ModelFileError
from napari_garage_unet.process.protocol.explain import (
    NO_TENSORFLOW,
    NOT_ENOUGH_GPU_MEMORY,
    OUT_OF_MEMORY,
    explain_error,
    explain_exit,
)


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's."""


def raised(error: Exception) -> Exception:
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


@pytest.mark.parametrize("kind", [InputError, ModelFileError])
def test_errors_made_for_people_stand_as_they_are(kind: type[Exception]) -> None:
    assert explain_error(raised(kind("The image is empty."))) == (
        "The image is empty.",
        "",
    )


@pytest.mark.parametrize("error", [MemoryError(), ResourceExhaustedError("OOM")])
def test_a_lack_of_memory_says_what_to_do(error: Exception) -> None:
    message, details = explain_error(raised(error))
    assert "not enough memory" in message
    assert "smaller image" in message
    assert "Traceback" in details


def test_a_full_gpu_is_told_from_full_memory() -> None:
    where = "OOM on /job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc"
    message, details = explain_error(raised(ResourceExhaustedError(where)))
    assert message == NOT_ENOUGH_GPU_MEMORY
    assert "GPU_0_bfc" in details


def test_anything_else_is_named_with_its_first_line_and_traceback() -> None:
    message, details = explain_error(raised(KeyError("wheel\nand more")))
    assert message.startswith("The engine met an unexpected error: KeyError")
    assert "Traceback" in details
    assert "test_explain" in details
    assert explain_error(ValueError())[0].endswith("ValueError")


@pytest.mark.parametrize(
    ("code", "part"),
    [
        (-9, OUT_OF_MEMORY),
        (-11, "crashed (SIGSEGV)"),
        (-200, "crashed (signal 200)"),
        (NO_TENSORFLOW, "cannot load TensorFlow"),
        (1, "exit code 1"),
        (None, "stopped answering"),
    ],
)
def test_the_end_of_a_process_is_explained(code: int | None, part: str) -> None:
    message, details = explain_exit(code, "last lines")
    assert part in message
    assert details == "last lines"
