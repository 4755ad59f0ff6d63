"""`garage-unet info` describes a model without computing."""

from __future__ import annotations

import json

import imageio.v3 as iio
import pytest
from command_line import STEPS, assert_refused, run


def test_info_is_readable_and_draws_the_network(folder, model, tmp_path, capsys):
    given = ("--plot", tmp_path / "model.png", "--json", tmp_path / "info.json")
    assert run("info", folder / "model.garage", *given) == 0
    text = capsys.readouterr().out
    for part in ("3  wheel", "class 1, background", "width 4", "axes yxc, 3 channels"):
        assert part in text
    assert f"{STEPS} steps" in text
    assert iio.imread(tmp_path / "model.png").shape == (928, 1844, 3)
    report = json.loads((tmp_path / "info.json").read_text())
    assert report["network"]["encoder"] == "plain"
    assert report["provenance"] == model.provenance


BAD = {
    "foreign model": ("info {f}/foreign.garage", "not a model"),
    "picture as model": ("info {f}/image.png", "image.png"),
    "unwritable report": (
        "info {f}/model.garage --json {t}/no/report.json",
        "not a folder",
    ),
    "unknown picture": (
        "info {f}/model.garage --plot {t}/model.xyz",
        ".png",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gives_one_line_and_exit_code_2(case, folder, tmp_path, capfd):
    text, *expected = BAD[case]
    assert_refused(text.format(f=folder, t=tmp_path).split(), expected, folder, capfd)
