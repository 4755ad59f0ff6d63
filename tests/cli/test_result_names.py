"""Results of pictures that are called alike keep apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_garage_unet.cli.result_names import distinct_names, distinct_stems


@pytest.mark.parametrize(
    ("paths", "stems", "names"),
    [
        (["/d/a.tif", "/d/b.ome.tif"], ["a", "b"], ["a.tif", "b.ome.tif"]),
        (["a/i.tif", "b/i.tif"], ["a_i", "b_i"], ["a/i.tif", "b/i.tif"]),
        (
            ["/p/a/x/i.tif", "/p/b/x/i.tif"],
            ["a_x_i", "b_x_i"],
            ["a/x/i.tif", "b/x/i.tif"],
        ),
        (["/d/i.tif", "/d/i.png"], ["i_tif", "i_png"], ["i.tif", "i.png"]),
        (["i.tif", "i.ome.tif"], ["i_tif", "i_ome_tif"], ["i.tif", "i.ome.tif"]),
        (
            ["/a/i.tif", "/a/i.png", "/b/i.tif"],
            ["a_i_tif", "a_i_png", "b_i_tif"],
            ["a/i.tif", "i.png", "b/i.tif"],
        ),
        # On some systems these are one file.
        (["/a/I.tif", "/b/i.tif"], ["a_I", "b_i"], ["a/I.tif", "b/i.tif"]),
        (["/a/i.tif", "/a/b/i.tif"], ["a_i", "b_i"], ["a/i.tif", "b/i.tif"]),
        (["/i.tif", "/a/i.tif"], ["i", "a_i"], ["i.tif", "a/i.tif"]),
    ],
)
def test_names_have_as_many_folders_as_tell_them_apart(paths, stems, names):
    given = [Path(path) for path in paths]
    assert distinct_stems(given) == stems
    assert distinct_names(given) == names
