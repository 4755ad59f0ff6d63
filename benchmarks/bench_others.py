"""The comparison of `bench_strokes` on tasks on which no setting was chosen."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench_strokes import main

if __name__ == "__main__":
    sys.exit(main(["--others", *sys.argv[1:]]))
