"""Pictures in PNG and JPEG files."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from image_files import random_ids, random_pixels
from PIL import Image as Picture

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.files.reading import read_image, read_strokes


def test_a_jpeg_file_is_read_up_to_its_losses(tmp_path):
    ramp = np.add.outer(np.arange(40), 2 * np.arange(60)).astype(np.uint8)
    Picture.fromarray(ramp).save(tmp_path / "grey.jpg", quality=95)
    Picture.fromarray(np.dstack([ramp] * 3)).save(tmp_path / "rgb.jpeg", quality=95)
    grey, rgb = read_image(tmp_path / "grey.jpg"), read_image(tmp_path / "rgb.jpeg")
    assert (grey.axes, rgb.axes) == ("yx", "yxc")
    assert np.abs(np.asarray(grey.data, int) - ramp).max() <= 4
    assert np.abs(np.asarray(rgb.data, int) - ramp[..., None]).max() <= 4


def test_alpha_of_a_grey_picture_is_left_out(tmp_path):
    data = random_pixels((20, 31, 2))
    Picture.fromarray(data, mode="LA").save(tmp_path / "i.png")
    image = read_image(tmp_path / "i.png")
    np.testing.assert_array_equal(image.data, data[..., 0])


def test_a_palette_picture_is_colours_as_an_image_and_indices_as_strokes(tmp_path):
    painted = random_ids((20, 31))
    picture = Picture.fromarray(painted)
    picture.putpalette([0, 0, 0, 230, 159, 0, 9, 9, 9, 86, 180, 233] + [5] * 12)
    assert picture.mode == "P"
    picture.save(tmp_path / "i.png")
    strokes = read_strokes(tmp_path / "i.png")
    assert strokes.dtype == np.uint8
    np.testing.assert_array_equal(strokes, painted)
    image = read_image(tmp_path / "i.png")
    assert image.axes == "yxc"
    assert set(map(tuple, image.data[painted == 1].tolist())) == {(230, 159, 0)}
    assert set(map(tuple, image.data[painted == 3].tolist())) == {(86, 180, 233)}


def test_colours_of_16_bits_in_a_png_file_are_read_and_said_to_be_cut(tmp_path):
    data = random_pixels((5, 7, 3), np.uint16).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in data)

    def chunk(kind, content):
        crc = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)

    (tmp_path / "deep.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 7, 5, 16, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    image = read_image(tmp_path / "deep.png")
    np.testing.assert_array_equal(image.data, data >> 8)
    assert "deep.png has 16 bits per colour" in image.notes[0]


def test_a_damaged_jpeg_file_is_named(tmp_path):
    Picture.fromarray(random_pixels((100, 100))).save(tmp_path / "d.jpg")
    whole = (tmp_path / "d.jpg").read_bytes()
    (tmp_path / "d.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"d\.jpg is damaged or not a JPEG file"):
        read_image(tmp_path / "d.jpg")


def test_a_picture_too_large_for_its_format_is_named(tmp_path, monkeypatch):
    Picture.fromarray(random_pixels((100, 100))).save(tmp_path / "huge.png")
    monkeypatch.setattr(Picture, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(InputError, match=r"huge\.png has more pixels.*TIFF"):
        read_image(tmp_path / "huge.png")
