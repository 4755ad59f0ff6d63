#!/usr/bin/env bash
# Dask 2026.8.0 with cachey 0.2.1, Linux. napari 0.9.2 computes each slice of a Dask layer
# like this, with a cache for the whole process, so that slices that were shown before
# need not be computed again.
#
# Asked: can a thread compute blocks of a Dask array while another thread does so within
# "with dask.cache.Cache(...)"?
#
# Expected: both get their blocks; at worst one is computed twice.
#
# Seen: the thread takes part in the cache as well, without having asked for it, and
# computations fail with KeyError, also in the thread that uses the cache as documented.
# With compute(callbacks=()) in the other thread neither fails.
# Cause, by the source (dask/cache.py, dask/callbacks.py): the callbacks in use are those
# of the process, not of the thread, and the cache keeps the start times of all running
# computations in one dict, which it clears whenever one of them ends.
#
# Fails if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "dask[array]==2026.8.0" "cachey==0.2.1"
cat > "$folder/cache.py" <<'PYTHON'
import threading
import time

import dask
import dask.array as da
import numpy as np
from dask.cache import Cache


def make(block):
    time.sleep(0.002)
    return block


def errors(options):
    """Compute blocks within the cache, and others in a thread; return the errors."""
    zeros = da.zeros((200, 8, 8), chunks=(1, 8, 8), dtype=np.uint8)
    stack = zeros.map_blocks(make, dtype=np.uint8, name=f"stack-{time.time()}")
    cache = Cache(10**8)
    met = {"with cache": [], "in the thread": []}

    def compute_in_thread():
        for z in range(100, 200):
            try:
                stack[z].compute(**options)
            except KeyError as error:
                met["in the thread"].append(error)

    thread = threading.Thread(target=compute_in_thread)
    thread.start()
    for z in range(100):
        try:
            with cache:
                stack[z].compute()
        except KeyError as error:
            met["with cache"].append(error)
    thread.join()
    return {name: len(found) for name, found in met.items()}


print("Dask", dask.__version__)
# It depends on how the threads meet, so there are several rounds.
for _ in range(30):
    together = errors({})
    if any(together.values()):
        break
print("KeyErrors of 100 computations each:", together)
rounds = [errors({"callbacks": ()}) for _ in range(5)]
apart = {name: sum(found[name] for found in rounds) for name in together}
print("where the thread computes without callbacks:", apart)
assert together["with cache"] + together["in the thread"] > 0
assert apart == {"with cache": 0, "in the thread": 0}
print("as stated")
PYTHON
"$folder/venv/bin/python" -P "$folder/cache.py"
