"""What the page shows of what came out of the lesson."""

from __future__ import annotations

import io

import numpy as np
from nbformat.v4 import new_output
from PIL import Image
from scripts.make_tutorial import clean, settled, shrink, without_middle

from napari_garage_unet.samples import GARAGE_CLASSES


def test_a_progress_bar_settles_to_its_last_state():
    text = "Epoch 1/2\n\x1b[1m1/2\x1b[0m ----\r\x1b[1m2/2\x1b[0m done\n"
    assert settled(text) == "Epoch 1/2\n2/2 done\n"
    assert settled("ab\b\bxyz") == "xyz"


def test_the_middle_of_many_epochs_is_left_out():
    text = "".join(f"Epoch {n}/20\nloss {n}\n" for n in range(1, 21))
    lines = without_middle(text).splitlines()
    assert lines[:2] == ["Epoch 1/20", "loss 1"]
    assert lines[8] == "..."
    assert lines[9:11] == ["Epoch 17/20", "loss 17"]
    assert lines[-1] == "loss 20"
    short = "Epoch 1/2\nloss 1\nEpoch 2/2\nloss 2\n"
    assert without_middle(short) == short


def test_what_was_printed_is_joined_and_warnings_are_left_out():
    outputs = [
        new_output("stream", name="stdout", text="one "),
        new_output("stream", name="stderr", text="a warning"),
        new_output("stream", name="stdout", text="two\n"),
    ]
    assert [output.text for output in clean(outputs)] == ["one two\n"]


def test_pictures_shrink_and_keep_the_colours_of_the_classes():
    pixels = np.random.default_rng(0).integers(0, 256, (80, 120, 3)).astype(np.uint8)
    colors = [tuple(bytes.fromhex(c.color[1:])) for c in GARAGE_CLASSES]
    pixels[0, : len(colors)] = colors
    pixels[1] = 255
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "png")
    small = shrink(png.getvalue())
    assert len(small) < 0.5 * len(png.getvalue())
    kept = np.asarray(Image.open(io.BytesIO(small)).convert("RGB"))
    np.testing.assert_array_equal(kept[0, : len(colors)], colors)
    np.testing.assert_array_equal(kept[1], pixels[1])
