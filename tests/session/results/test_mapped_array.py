"""Room of large probabilities is reserved, and a lack of it is one sentence."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from types import SimpleNamespace

import numpy as np
import pytest

from napari_garage_unet.engine.errors import OutputError
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.session.results import mapped_array, probability_store
from napari_garage_unet.session.results.mapped_array import MappedArray
from napari_garage_unet.session.results.probability_store import ProbabilityStore
from napari_garage_unet.session.segmentation.segmentation_job import SegmentationOptions

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs fallocate")


@pytest.fixture
def mapped(monkeypatch):
    """Keep all probabilities in files."""
    monkeypatch.setattr(probability_store, "MAX_BYTES_IN_MEMORY", 0)


@pytest.fixture
def small_disk(monkeypatch):
    """Let a disk have room for so many bytes, which reserving takes."""
    free = [0]

    def allocate(file, offset, nbytes):
        if nbytes > free[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        free[0] -= nbytes

    monkeypatch.setattr(mapped_array, "reserve", allocate)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda folder: SimpleNamespace(free=free[0])
    )
    return free


def test_a_mapped_array_keeps_what_is_written(mapped):
    image = Image(np.zeros((3, 4, 5), np.uint8), "zyx")
    store = ProbabilityStore(image, 2)
    planes = np.random.default_rng(0).integers(0, 255, (3, 2, 4, 5)).astype(np.uint8)
    for z in (2, 0):
        store.put((z,), planes[z], state=(0, 1))
    np.testing.assert_array_equal(store.all_planes[:, 0], planes[0])
    np.testing.assert_array_equal(store.all_planes[:, 2], planes[2])
    assert not store.all_planes[:, 1].any()


@pytest.mark.parametrize("axes", ["zyx", "tzyx", "zxy", "yzx", "yx"])
def test_every_plane_has_room_of_its_own(mapped, small_disk, axes):
    shape = {"z": 3, "t": 2, "y": 4, "x": 5}
    image = Image(np.zeros([shape[a] for a in axes], np.uint8), axes)
    n_planes = len(list(image.plane_indices()))
    small_disk[0] = 2 * 20 * n_planes
    store = ProbabilityStore(image, 2)
    for index in image.plane_indices():
        store.put(index, np.full((2, 4, 5), 7, np.uint8), state=(0, 1))
    assert small_disk[0] == 0
    assert (store.all_planes == 7).all()


def test_only_planes_that_are_kept_take_room(mapped, small_disk):
    small_disk[0] = 100
    store = ProbabilityStore(Image(np.zeros((9, 4, 5), np.uint8), "zyx"), 2)
    levels = np.ones((2, 4, 5), np.uint8)
    store.put((3,), levels, state=(0, 1))
    store.put((3,), levels, state=(0, 2))
    store.put((8,), levels, state=(0, 1))
    assert small_disk[0] == 20
    with pytest.raises(OutputError, match=r"40 bytes of room in .* 20 bytes are"):
        store.put((0,), levels, state=(0, 1))
    assert set(store.states) == {(3,), (8,)}
    with pytest.raises(OutputError, match="280 bytes"):
        store.reserve(store._image.plane_indices())


def test_a_temporary_folder_that_is_gone_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(OutputError, match="TMPDIR"):
        MappedArray((2, 3), what="The probabilities need")


def test_a_segmentation_without_room_is_refused_before_anything_is_added(
    painted, viewer, run, mapped, small_disk, halves
):
    painted.learn()
    run(lambda: painted.live.step >= 2)
    painted.stop()
    run(lambda: not painted.live.is_running)
    strokes = painted.images.current.strokes.data.copy()
    layer = viewer.add_image(np.stack([halves] * 6), name="stack")
    small_disk[0] = 3 * 2 * halves.size
    before = list(viewer.layers)
    options = SegmentationOptions(all_planes=True, probabilities=True)
    assert painted.segment("live", [layer], options) == ()
    assert painted.hint.startswith("The probabilities of stack need")
    assert tempfile.gettempdir() in painted.hint
    assert "TMPDIR" in painted.hint
    assert list(viewer.layers) == before
    np.testing.assert_array_equal(painted.images.current.strokes.data, strokes)
    # One plane has room.
    small_disk[0] = 2 * halves.size
    (result,) = painted.segment("live", [layer], SegmentationOptions())
    run(lambda: not painted.segmentation.is_running)
    assert len(result.planes) == 1


def test_a_preview_without_room_says_so_and_learning_goes_on(
    painted, run, mapped, small_disk
):
    painted.learn()
    run(lambda: painted.problem is not None)
    assert "TMPDIR" in painted.hint
    step = painted.live.step
    run(lambda: painted.live.step > step + 2)


@needs_linux
@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="not root")
def test_a_full_file_system_raises_and_kills_nobody(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "garage-test", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing may be mounted here")
    code = """
        import numpy as np
        from napari_garage_unet.engine.errors import OutputError
        from napari_garage_unet.engine.images.image import Image
        from napari_garage_unet.session.results import probability_store
        probability_store.MAX_BYTES_IN_MEMORY = 0
        image = Image(np.zeros((8, 512, 512), np.uint8), "zyx")
        store = probability_store.ProbabilityStore(image, 2)
        levels = np.ones((2, 512, 512), np.uint8)
        for z in range(8):
            try:
                store.put((z,), levels, state=(0, 1))
            except OutputError as error:
                print(z, error)
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            env={**os.environ, "TMPDIR": str(small)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line[0] for line in lines] == list("234567")
    assert all(f"524 kB of room in {small}, where" in line for line in lines)
