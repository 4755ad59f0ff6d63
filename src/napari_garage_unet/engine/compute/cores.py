"""Number of processor cores for this process, with every limit that it was given.

A job on a shared machine is told how many cores it may use: by the cores to which it
is bound, by ``OMP_NUM_THREADS``, or, in a container, by the quota of its control group.
More threads than that make the job slower and take time from others.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

_CONTROL_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")


def available_cores() -> int:
    """Return the number of processor cores that this process may use, at least 1."""
    limits = (bound_cores(), openmp_limit(), quota_limit())
    return max(min(limit for limit in limits if limit is not None), 1)


def bound_cores() -> int:
    """Return the number of cores that the system lets this process run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def openmp_limit() -> int | None:
    """Return the limit of ``OMP_NUM_THREADS``, such as ``4`` or ``4,2``; None if unset.

    Values that are no positive number are ignored, as OpenMP ignores them.
    """
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) > 0 else None


def quota_limit(groups: Path = _CONTROL_GROUPS, own: Path = _OWN_GROUPS) -> int | None:
    """Return the cores' worth of time of the control groups of this process.

    Parameters
    ----------
    groups
        Where control groups are mounted.
    own
        File with the groups of this process.

    Returns
    -------
    int or None
        The tightest quota, rounded up; None without one.
    """
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None  # not Linux
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        names = controllers.split(",")
        if controllers == "":
            bases, read = [groups, groups / "unified"], _quota
        elif "cpu" in names:
            bases, read = [groups / controllers, groups / "cpu"], _old_quota
        else:
            continue
        # In a container the group of this process is mounted as the root.
        inside = Path(path.lstrip("/"))
        for folder in (inside, *inside.parents):
            found += [read(base / folder) for base in bases]
    quotas = [quota for quota in found if quota is not None]
    return math.ceil(min(quotas)) if quotas else None


def _quota(group: Path) -> float | None:
    """Read ``cpu.max`` of version 2: a quota or "max", and a period."""
    words = _words(group / "cpu.max")
    return _ratio(words[0], words[1]) if len(words) == 2 else None


def _old_quota(group: Path) -> float | None:
    """Read the quota of version 1, -1 where there is none."""
    words = _words(group / "cpu.cfs_quota_us") + _words(group / "cpu.cfs_period_us")
    return _ratio(words[0], words[1]) if len(words) == 2 else None


def _words(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="ascii").split()
    except OSError:
        return []


def _ratio(quota: str, period: str) -> float | None:
    if not (quota.isdecimal() and period.isdecimal() and int(period)):
        return None
    return int(quota) / int(period) or None
