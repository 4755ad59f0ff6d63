"""The real engine process without TensorFlow: how it ends, whoever ends first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from plain_viewer import FAKE_ENGINE, Viewer, is_process, wait_for

from napari_garage_unet.engine.errors import EngineError
from napari_garage_unet.process.client.client import EngineClient
from napari_garage_unet.process.protocol.messages import Died, SharedArray
from napari_garage_unet.process.protocol.shared_arrays import AttachedBlock

posix = pytest.mark.skipif(os.name == "nt", reason="asks about POSIX processes")

# Without a __main__ guard, as people write scripts.
VIEWER = """
import signal, sys, time
import numpy as np
from napari_garage_unet.process.client.client import EngineClient
from napari_garage_unet.process.protocol.messages import Done, OpenImage, SetStrokes
from napari_garage_unet.process.protocol.shared_arrays import SharedBlock

# As in a terminal, even where the tests run in the background of a shell, which
# lets everything there ignore interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
print("the script begins", flush=True)
image = SharedBlock.copy_of(np.ones((300, 200), np.uint16))
strokes = SharedBlock.copy_of(np.ones((300, 200), np.uint8))
client = EngineClient()
client.start()
client.send(OpenImage(1, "a", image.description, "yx", (), "image"))
client.send(SetStrokes(2, "a", strokes.description))
seen = []
while len(seen) < 2:
    seen += client.poll()
    time.sleep(0.01)
assert seen == [Done(1), Done(2)], seen
segments = image.description.segment, strokes.description.segment
print(client.pid, *segments, flush=True)
if sys.argv[1] == "wait":
    time.sleep(60)
"""


@pytest.fixture
def slow_keras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine process hang while it loads, as a long computation would."""
    (tmp_path / "keras.py").write_text("import time; time.sleep(60)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)


def start_viewer(tmp_path: Path, mode: str) -> tuple[subprocess.Popen[str], list[str]]:
    script = tmp_path / "my_script.py"
    script.write_text(VIEWER)
    viewer = subprocess.Popen(
        [sys.executable, str(script), mode],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert viewer.stdout is not None
    assert viewer.stdout.readline() == "the script begins\n"
    return viewer, viewer.stdout.readline().split()


def is_there(segment: str) -> bool:
    try:
        AttachedBlock(SharedArray(segment, (1,), "|u1")).close()
    except EngineError:
        return False
    return True


@posix
@pytest.mark.usefixtures("slow_keras")
def test_nothing_is_left_of_a_script_that_ends_without_closing(tmp_path: Path) -> None:
    viewer, (pid, *segments) = start_viewer(tmp_path, "end")
    out, err = viewer.communicate(timeout=30)
    # The engine process has not run the script again, and nobody complains.
    assert (out, err, viewer.returncode) == ("", "", 0)
    assert not is_process(int(pid))
    assert not any(is_there(segment) for segment in segments)


@posix
@pytest.mark.usefixtures("slow_keras")
@pytest.mark.parametrize("with_tracker", [False, True])
def test_nothing_is_left_of_a_killed_viewer(tmp_path: Path, with_tracker: bool) -> None:
    viewer, (pid, *segments) = start_viewer(tmp_path, "wait")
    assert is_process(int(pid))
    assert all(is_there(segment) for segment in segments)
    if with_tracker:
        # Python's resource tracker, which would clean up, goes with its group.
        os.killpg(viewer.pid, signal.SIGKILL)
    else:
        viewer.kill()
    viewer.communicate(timeout=30)
    assert wait_for(lambda: not is_process(int(pid)))
    assert wait_for(lambda: not any(is_there(segment) for segment in segments))


@posix
@pytest.mark.usefixtures("slow_keras")
def test_ctrl_c_in_the_terminal_does_not_reach_the_engine(tmp_path: Path) -> None:
    viewer, (pid, *_) = start_viewer(tmp_path, "wait")
    os.killpg(viewer.pid, signal.SIGINT)
    _, err = viewer.communicate(timeout=30)
    assert err.strip().endswith("KeyboardInterrupt")
    # It ended with its viewer, not by the key press.
    assert "napari_garage_unet/process/server.py" not in err
    assert wait_for(lambda: not is_process(int(pid)))


@posix
@pytest.mark.usefixtures("slow_keras")
def test_the_engine_goes_last_for_the_processor_and_first_for_memory() -> None:
    client = EngineClient()
    client.start()
    pid = client.pid
    assert pid is not None
    here = os.getpriority(os.PRIO_PROCESS, 0)
    expected = min(here + 10, 19)
    assert wait_for(lambda: os.getpriority(os.PRIO_PROCESS, pid) == expected)
    # Where sessions share the processor in equal parts, its session goes last, too.
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists() and group.read_text().strip():
        assert wait_for(lambda: group.read_text().split()[-1] == "10")
    score = Path(f"/proc/{pid}/oom_score_adj")
    if score.exists():
        assert wait_for(lambda: score.read_text().strip() == "500")
    client.close()


def test_a_missing_tensorflow_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keras.py").write_text("raise ImportError('no libdevice')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    client = EngineClient()
    client.start()
    died = Viewer(client).until_kind(Died)
    assert died.message.startswith("The engine cannot load TensorFlow.")
    assert "ImportError: no libdevice" in died.details
    client.close()


def test_the_viewer_keeps_clear_of_tensorflow_qt_and_napari() -> None:
    code = f"""
        import sys, time
        import napari_garage_unet.process.protocol.explain
        from napari_garage_unet.process.client.client import EngineClient
        from napari_garage_unet.process.protocol.shared_arrays import BlockPool
        client = EngineClient(command={FAKE_ENGINE!r})
        client.start()
        while not client.poll():
            time.sleep(0.01)
        client.close()
        heavy = {{"tensorflow", "keras", "qtpy", "napari", "skimage", "scipy"}}
        print(heavy & {{name.partition(".")[0] for name in sys.modules}})
        """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("set()\n", "")
