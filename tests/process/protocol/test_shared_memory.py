from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from plain_viewer import wait_for

from napari_garage_unet.engine.errors import EngineError, InputError
from napari_garage_unet.process.protocol.messages import SharedArray
from napari_garage_unet.process.protocol.shared_arrays import (
    AttachedBlock,
    BlockPool,
    SharedBlock,
)
from napari_garage_unet.process.protocol.shared_memory import remove_leftovers

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no lasting segments")


def is_there(segment: str) -> bool:
    try:
        AttachedBlock(SharedArray(segment, (1,), "|u1")).close()
    except EngineError:
        return False
    return True


def python(code: str, *args: str, **kwargs: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **kwargs,
    )


@pytest.mark.parametrize("dtype", ["uint8", "bool", ">u2", "int64", "float32"])
def test_another_process_reads_and_writes_the_same_values(dtype: str) -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, 2, (5, 7, 3)).astype(dtype)
    values[0, 0, 0] = 1
    with SharedBlock.copy_of(values) as block:
        description = block.description
        child = python(
            f"""
            from napari_garage_unet.process.protocol.messages import SharedArray
            from napari_garage_unet.process.protocol.shared_arrays import AttachedBlock
            with AttachedBlock({description!r}, writable=True) as block:
                print(block.array.sum(), block.array.dtype, block.array.shape)
                block.array[0, 0] = [1, 0, 1]
            """
        )
        out, err = child.communicate(timeout=30)
        assert err == ""
        assert out.split(maxsplit=2)[1:] == [str(values.dtype), "(5, 7, 3)\n"]
        assert float(out.split()[0]) == values.sum()
        values[0, 0] = [1, 0, 1]
        np.testing.assert_array_equal(block.array, values)
        # The child has ended, and has not taken the segment along.
        assert is_there(description.segment)
    assert not is_there(description.segment)


def test_what_is_attached_is_read_only_unless_asked_for() -> None:
    with SharedBlock((3,), np.uint8) as block:
        with AttachedBlock(block.description) as attached:
            assert not attached.array.flags.writeable
        with AttachedBlock(block.description, writable=True) as attached:
            attached.array[:] = 7
        assert block.array.tolist() == [7, 7, 7]


def test_a_segment_smaller_than_its_description_is_refused() -> None:
    with SharedBlock((10,), np.uint8) as block:
        lie = SharedArray(block.description.segment, (100, 100), "<f8")
        with pytest.raises(EngineError, match="does not fit"):
            AttachedBlock(lie)


def test_closing_while_a_view_is_in_use_removes_the_segment_and_harms_nobody() -> None:
    block = SharedBlock.copy_of(np.arange(1000))
    view, segment = block.array, block.description.segment
    block.close()
    block.close()
    assert not is_there(segment)
    assert view.sum() == 499_500
    del view
    SharedBlock((1,), np.uint8).close()


def test_an_empty_array_can_be_shared() -> None:
    with SharedBlock((0, 5), np.float32) as block:
        assert block.array.shape == (0, 5)
        with AttachedBlock(block.description) as attached:
            assert attached.array.shape == (0, 5)


def test_letting_go_while_a_view_is_in_use_keeps_its_values() -> None:
    with SharedBlock.copy_of(np.arange(1000)) as block:
        attached = AttachedBlock(block.description)
        view = attached.array
        attached.close()
        assert view[::2].sum() == 249_500


def test_a_collected_block_removes_its_segment() -> None:
    block = SharedBlock((4,), np.uint8)
    segment = block.description.segment
    del block
    assert not is_there(segment)


def test_objects_are_refused() -> None:
    with pytest.raises(InputError, match="type object"):
        SharedBlock((2,), object)


@pytest.mark.skipif(sys.platform != "linux", reason="pages are reserved on Linux")
def test_too_little_memory_is_a_sentence_and_no_crash() -> None:
    before = set(os.listdir("/dev/shm"))
    with pytest.raises(EngineError, match=r"no room for \d+ MB .* smaller image"):
        SharedBlock((2**45,), np.uint8)
    assert not {n for n in set(os.listdir("/dev/shm")) - before if _is_huge(n)}


def _is_huge(name: str) -> bool:
    try:
        return os.stat(f"/dev/shm/{name}").st_size >= 2**45
    except FileNotFoundError:
        return False


def test_a_pool_uses_memory_again_but_never_what_is_in_use() -> None:
    pool = BlockPool()
    first = pool.take((100, 100), np.uint8)
    second = pool.take((100, 100), np.uint8)
    names = {first.description.segment, second.description.segment}
    assert len(names) == 2
    pool.give_back(first)
    again = pool.take((50, 100), np.uint16)
    assert again is first
    assert again.description.shape == (50, 100)
    assert again.array.dtype == np.uint16
    pool.give_back(again)
    pool.give_back(second)
    assert {b.description.segment for b in (first, second)} == names
    pool.close()
    assert not any(is_there(name) for name in names)


def test_a_pool_does_not_use_a_large_block_for_a_small_array() -> None:
    pool = BlockPool()
    large = pool.take((1000, 1000), np.uint8)
    pool.give_back(large)
    small = pool.take((100, 100), np.uint8)
    assert small is not large
    small.close()
    pool.close()


def test_a_pool_keeps_few_spare_blocks_and_few_bytes() -> None:
    pool = BlockPool(max_free=2)
    blocks = [pool.take((10,), np.uint8) for _ in range(5)]
    names = [block.description.segment for block in blocks]
    for block in blocks:
        pool.give_back(block)
    assert [is_there(name) for name in names] == [False] * 3 + [True] * 2
    pool.close()

    pool = BlockPool(max_free_bytes=10_000)
    block = pool.take((20_000,), np.uint8)
    pool.give_back(block)
    assert not is_there(block.description.segment)


@posix
def test_leftovers_are_removed_and_missing_ones_are_no_error() -> None:
    owner = python(
        """
        import os
        from multiprocessing import resource_tracker
        import numpy as np
        from napari_garage_unet.process.protocol.shared_arrays import SharedBlock
        # An owner whose resource tracker was killed along with it.
        resource_tracker.register = lambda name, kind: None
        block = SharedBlock((10,), np.uint8)
        print(block.description.segment, flush=True)
        os._exit(0)
        """
    )
    segment = owner.communicate(timeout=30)[0].strip()
    assert is_there(segment)
    remove_leftovers([segment, "garage_never_was"])
    assert not is_there(segment)


OWNER = """
    import sys, time
    import numpy as np
    from napari_garage_unet.process.protocol.shared_arrays import BlockPool, SharedBlock
    block = SharedBlock((1000, 1000), np.uint8)
    pool = BlockPool()
    spare = pool.take((10,), np.uint8)
    pool.give_back(spare)
    print(block.description.segment, spare.description.segment, flush=True)
    if "wait" in sys.argv:
        time.sleep(60)
"""


def test_an_owner_that_ends_without_closing_leaves_nothing_and_says_nothing() -> None:
    out, err = python(OWNER).communicate(timeout=30)
    assert err == ""
    assert len(out.split()) == 2
    assert not any(is_there(name) for name in out.split())


@posix
def test_a_killed_owner_leaves_nothing() -> None:
    owner = python(OWNER, "wait")
    assert owner.stdout is not None
    names = owner.stdout.readline().split()
    assert [is_there(name) for name in names] == [True, True]
    owner.send_signal(signal.SIGKILL)
    owner.communicate(timeout=30)
    assert wait_for(lambda: not any(is_there(name) for name in names))
