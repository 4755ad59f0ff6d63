"""The page about images says of axes what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from napari_garage_unet.engine.images.arrangements import describe_axes
from napari_garage_unet.engine.images.guessing import guess_axes

PAGE = (Path(__file__).parents[2] / "docs" / "images.md").read_text(encoding="utf-8")
PART = PAGE.partition("## What each axis means")[2].partition("\n## ")[0]


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", PART, re.DOTALL))
def test_the_code_runs(block):
    exec(compile(block, "docs/images.md", "exec"), {})


@pytest.mark.parametrize(
    ("shape", "said"),
    re.findall(r"^\| `\(([\d, ]+)\)` \| (.*?) \|$", PART, re.MULTILINE),
)
def test_guesses_are_those_of_the_table(shape, said):
    lengths = tuple(int(n) for n in shape.split(", "))
    counted = describe_axes(guess_axes(lengths), lengths).split(", ")[:-1]
    plain = said.replace("`", "").replace("bands", "channels")
    for words in counted:
        assert words in plain
