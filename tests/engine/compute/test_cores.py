"""Limits of cores and threads are kept, however they are given."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from napari_garage_unet.engine.compute.cores import (
    available_cores,
    bound_cores,
    openmp_limit,
    quota_limit,
)


@pytest.fixture
def groups(tmp_path):
    """Make control groups: files by path, and the groups of this process."""

    def make(own, files):
        for name, text in files.items():
            path = tmp_path / "cgroup" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (tmp_path / "own").write_text(own)
        return quota_limit(tmp_path / "cgroup", tmp_path / "own")

    return make


@pytest.mark.parametrize(
    ("value", "limit"),
    [("3", 3), (" 4,2 ", 4), ("", None), ("many", None), ("0", None), ("-1", None)],
)
def test_openmps_variable_is_a_limit(monkeypatch, value, limit):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert openmp_limit() == limit


def test_no_variable_is_no_limit(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert openmp_limit() is None


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("max 100000\n", None),
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("5000 100000\n", 1),
        ("nonsense", None),
    ],
)
def test_the_quota_of_a_container_is_a_limit(groups, text, limit):
    assert groups("0::/\n", {"cpu.max": text}) == limit


def test_the_tightest_group_counts(groups):
    files = {"job/cpu.max": "300000 100000", "job/step/cpu.max": "max 100000"}
    assert groups("0::/job/step\n", files) == 3
    files = {"job/step/cpu.max": "100000 100000"}
    assert groups("0::/job/step\n", files) == 1


def test_groups_of_version_1_are_read(groups):
    files = {
        "cpu,cpuacct/docker/cpu.cfs_quota_us": "400000\n",
        "cpu,cpuacct/docker/cpu.cfs_period_us": "100000\n",
        "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    }
    assert groups("3:memory:/docker\n4:cpu,cpuacct:/docker\n", files) == 4


def test_elsewhere_there_are_no_groups(tmp_path):
    assert quota_limit(tmp_path, tmp_path / "missing") is None


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="processes cannot be bound here"
)
def test_cores_are_those_that_the_process_is_bound_to(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert bound_cores() == available_cores() == 1
    finally:
        os.sched_setaffinity(0, before)


def test_tensorflow_gets_as_many_threads_as_the_limit_says():
    if bound_cores() < 2:
        pytest.skip("there is one core")
    code = (
        "from napari_garage_unet.engine.compute.backend import available_cores, tf;"
        "threading = tf.config.threading;"
        "print(available_cores(), threading.get_intra_op_parallelism_threads(),"
        " threading.get_inter_op_parallelism_threads())"
    )
    given = {**os.environ, "OMP_NUM_THREADS": "1"}
    found = subprocess.run(
        [sys.executable, "-c", code],
        env=given,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert found.stdout.split() == ["1", "1", "1"]
