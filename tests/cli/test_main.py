"""Exit codes and errors that all commands share, and what they import."""

from __future__ import annotations

import subprocess
import sys

import pytest
from command_line import assert_refused, run

from napari_garage_unet import cli


def test_errors_after_the_start_of_tensorflow_are_one_line_too(folder, tmp_path):
    given = ("--model", folder / "swapped.garage", "--out", tmp_path / "out.tif")
    command = (sys.executable, "-c", "from napari_garage_unet.cli import main; main()")
    done = subprocess.run(
        [*command, "segment", folder / "image.png", *given],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "do not fit the network" in done.stderr


def test_help_and_info_do_without_tensorflow(folder):
    script = (
        "import sys\n"
        "from napari_garage_unet.cli import main\n"
        "for arguments in (['--help'], ['train', '--help'], ['info', sys.argv[1]]):\n"
        "    try:\n"
        "        main(arguments)\n"
        "    except SystemExit as end:\n"
        "        assert end.code == 0, arguments\n"
        "loaded = {'tensorflow', 'keras', 'napari', 'qtpy'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, folder / "model.garage"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "wheel" in done.stdout


def test_what_nobody_expected_shows_its_traceback(folder, monkeypatch):
    def fail(path):
        raise RuntimeError("nobody expected this")

    monkeypatch.setattr("napari_garage_unet.engine.models.loading.read_info", fail)
    with pytest.raises(RuntimeError, match="nobody expected this"):
        cli.main(["info", str(folder / "model.garage")])


def test_a_lack_of_memory_is_one_line_that_says_what_to_do(folder, monkeypatch, capsys):
    def fail(path):
        raise MemoryError

    monkeypatch.setattr("napari_garage_unet.engine.models.loading.read_info", fail)
    assert run("info", folder / "model.garage") == 2
    assert "not enough memory" in capsys.readouterr().err


BAD = {
    "unknown command": ("paint", "paint"),
    "no command": ("", "garage-unet --help"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gives_one_line_and_exit_code_2(case, folder, tmp_path, capfd):
    text, *expected = BAD[case]
    assert_refused(text.format(f=folder, t=tmp_path).split(), expected, folder, capfd)
