"""The page about images says of values what the program does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from napari_garage_unet.engine.images.config import Contrast

PAGE = (Path(__file__).parents[2] / "docs" / "images.md").read_text(encoding="utf-8")
PART = PAGE.partition("## Where there is no data")[2].partition("\n## Strokes")[0]


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", PART, re.DOTALL))
def test_the_code_runs(block):
    exec(compile(block, "docs/images.md", "exec"), {})


def test_all_choices_of_contrast_are_described():
    assert re.findall(r"^\| `(\w+)` \|", PART, re.MULTILINE) == list(get_args(Contrast))
