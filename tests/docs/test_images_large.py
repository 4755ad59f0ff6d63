"""The page about images says of large ones what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from napari_garage_unet.session.connection.plane_reading import (
    MAX_PLANE_VALUES,
    MAX_WHOLE_COPY_BYTES,
)
from napari_garage_unet.session.connection.plane_supply import MAX_SPARE_BYTES
from napari_garage_unet.session.connection.requests import MAX_SAMPLED

PAGE = (Path(__file__).parents[2] / "docs" / "images.md").read_text(encoding="utf-8")
PART = PAGE.partition("## Large images")[2].partition("\n## ")[0]


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", PART, re.DOTALL))
def test_the_code_runs(block: str) -> None:
    exec(compile(block, "docs/images.md", "exec"), {})


@pytest.mark.parametrize(
    "said",
    [
        f"above {MAX_WHOLE_COPY_BYTES // 10**6} MB",
        f"{MAX_PLANE_VALUES // 10**6} million",
        f"up to {MAX_SPARE_BYTES // 10**6} MB",
        {8: "eight planes"}[MAX_SAMPLED],
    ],
)
def test_limits_are_those_of_the_program(said: str) -> None:
    assert said in " ".join(PART.split())
