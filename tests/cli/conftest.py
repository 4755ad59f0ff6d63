"""Files for the command line, made and trained once."""

from __future__ import annotations

import zipfile

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from command_line import AS_PLAIN, STEPS, run, squares

from napari_garage_unet import load_model


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Images, strokes and bad files of all kinds, and a model trained on them."""
    folder = tmp_path_factory.mktemp("garage")
    image, strokes = squares()
    iio.imwrite(folder / "image.png", image)
    tifffile.imwrite(folder / "same.tif", image, photometric="rgb")
    iio.imwrite(folder / "strokes.png", strokes)
    tifffile.imwrite(folder / "strokes.tif", strokes)
    iio.imwrite(folder / "grey.png", image[..., 0])
    iio.imwrite(folder / "short.png", strokes[:40])
    iio.imwrite(folder / "nothing.png", np.zeros_like(strokes))
    iio.imwrite(folder / "one.png", np.where(strokes == 3, 3, 0).astype(np.uint8))
    (folder / "text.png").write_text("no picture")
    trained = run(
        *(
            "train",
            "--image",
            folder / "image.png",
            "--strokes",
            folder / "strokes.png",
        ),
        *("--model", folder / "model.garage", "--steps", STEPS, *AS_PLAIN),
        *("--class", "3=wheel", "--background", 1, "--json", folder / "train.json"),
    )
    assert trained == 0
    with zipfile.ZipFile(folder / "model.garage") as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    for name, part in (("damaged", "weights/0000.npy"), ("foreign", "model.json")):
        with zipfile.ZipFile(folder / f"{name}.garage", "w") as archive:
            for entry, data in entries.items():
                archive.writestr(entry, b"{}" if entry == part else data)
    # A file whose arrays are sound but belong to another network.
    with zipfile.ZipFile(folder / "swapped.garage", "w") as archive:
        for entry, data in entries.items():
            wanted = "weights/0001.npy" if entry == "weights/0000.npy" else entry
            archive.writestr(entry, data if wanted == entry else entries[wanted])
    return folder


@pytest.fixture(scope="session")
def model(folder):
    return load_model(folder / "model.garage")
