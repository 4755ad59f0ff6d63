"""Images and strokes from files of all kinds."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import tifffile
from image_files import random_ids, random_pixels
from PIL import Image as Picture

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.files import reading
from napari_garage_unet.engine.files.label_classes import LabelClass
from napari_garage_unet.engine.files.reading import (
    read_image,
    read_mask,
    read_strokes,
)
from napari_garage_unet.engine.files.writing import write_segmentation


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("i.png", np.uint8),
        ("i.png", np.uint16),
        ("i.png", bool),
        *(
            (name, dtype)
            for name in ("i.tif", "i.tiff", "i.npy")
            for dtype in (np.uint8, np.uint16, np.int16, np.float32, np.float64)
        ),
        ("i.npy", bool),
        ("i.npy", np.float16),
    ],
)
def test_grey_pixels_are_read_as_they_are_stored(tmp_path, name, dtype):
    data = random_pixels((20, 31), dtype)
    path = tmp_path / name
    if name.endswith("png"):
        Picture.fromarray(data).save(path)
    elif name.endswith("npy"):
        np.save(path, data)
    else:
        tifffile.imwrite(path, data)
    image = read_image(path)
    assert image.axes == "yx"
    assert image.spacing == (1.0, 1.0)
    assert image.units == "pixel"
    assert image.name == name
    assert image.data.dtype == dtype
    np.testing.assert_array_equal(image.data, data)


@pytest.mark.parametrize("name", ["i.png", "i.PNG", "i.tif", "i.npy"])
def test_colours_are_channels_behind_the_pixels(tmp_path, name):
    data = random_pixels((20, 31, 3))
    path = tmp_path / name
    if name.lower().endswith("png"):
        Picture.fromarray(data).save(path, format="PNG")
    elif name.endswith("npy"):
        np.save(path, data)
    else:
        tifffile.imwrite(path, data, photometric="rgb")
    image = read_image(path)
    assert image.axes == "yxc"
    np.testing.assert_array_equal(image.data, data)


@pytest.mark.parametrize("name", ["i.png", "i.tif"])
def test_alpha_is_left_out_and_the_colours_stay(tmp_path, name):
    data = random_pixels((20, 31, 4))
    data[..., 3] //= 2
    if name == "i.png":
        Picture.fromarray(data).save(tmp_path / name)
    else:
        tifffile.imwrite(
            tmp_path / name, data, photometric="rgb", extrasamples=["unassalpha"]
        )
    image = read_image(tmp_path / name)
    assert image.axes == "yxc"
    np.testing.assert_array_equal(image.data, data[..., :3])


@pytest.mark.parametrize("name", ["s.png", "s.tif", "s.npy"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, bool])
def test_strokes_are_read_as_painted(tmp_path, name, dtype):
    painted = random_ids((20, 31)).astype(dtype)
    path = tmp_path / name
    if name.endswith("png"):
        Picture.fromarray(painted).save(path)
    elif name.endswith("npy"):
        np.save(path, painted)
    else:
        tifffile.imwrite(path, painted)
    strokes = read_strokes(path)
    assert strokes.dtype == (np.uint8 if dtype is bool else dtype)
    np.testing.assert_array_equal(strokes, painted)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float16, np.float32])
def test_strokes_of_other_types_are_whole_numbers(tmp_path, dtype):
    painted = random_ids((5, 20, 31)).astype(dtype)
    np.save(tmp_path / "s.npy", painted)
    strokes = read_strokes(tmp_path / "s.npy")
    assert strokes.dtype.kind == "i"
    np.testing.assert_array_equal(strokes, painted)


def test_strokes_in_colours_are_refused(tmp_path):
    Picture.fromarray(random_pixels((20, 31, 3))).save(tmp_path / "s.png")
    tifffile.imwrite(tmp_path / "s.tif", random_pixels((20, 31, 3)), photometric="rgb")
    for name in ("s.png", "s.tif"):
        with pytest.raises(InputError, match=f"{name} is a .*Labels layer"):
            read_strokes(tmp_path / name)


def test_strokes_that_are_no_ids_are_refused(tmp_path):
    np.save(tmp_path / "half.npy", np.full((4, 4), 0.5))
    np.save(tmp_path / "nan.npy", np.full((4, 4), np.nan))
    for name in ("half.npy", "nan.npy"):
        with pytest.raises(InputError, match=f"{name}.*not whole numbers"):
            read_strokes(tmp_path / name)
    Picture.fromarray(random_pixels((20, 31))).save(tmp_path / "s.jpg")
    with pytest.raises(InputError, match="JPEG"):
        read_strokes(tmp_path / "s.jpg")


def test_missing_and_unknown_files_are_named(tmp_path):
    for read in (read_image, read_strokes):
        with pytest.raises(InputError, match=r"no file .*gone\.tif"):
            read(tmp_path / "gone.tif")
        (tmp_path / "film.gif").write_bytes(b"GIF89a")
        with pytest.raises(InputError, match=r"film\.gif.*PNG, JPEG, TIFF, OME-Zarr"):
            read(tmp_path / "film.gif")
        (tmp_path / "folder.zarr").mkdir(exist_ok=True)
        with pytest.raises(InputError, match=r"folder\.zarr is a folder without"):
            read(tmp_path / "folder.zarr")


@pytest.mark.parametrize("read", [read_image, read_strokes])
@pytest.mark.parametrize("name", ["d.png", "d.tif", "d.npy", "d.zarr"])
@pytest.mark.parametrize("damage", ["cut", "other", "empty"])
def test_damaged_files_are_named(tmp_path, read, name, damage):
    path = tmp_path / name
    write_segmentation(path, random_pixels((100, 100)))
    target = path / ".zattrs" if path.is_dir() else path
    whole = target.read_bytes()
    damaged = {"cut": whole[: len(whole) // 2], "other": b"hello" * 99, "empty": b""}
    target.write_bytes(damaged[damage])
    with pytest.raises(InputError, match=f"{name} is damaged or not a"):
        read(path)


def test_code_in_a_npy_file_is_not_run(tmp_path):
    np.save(tmp_path / "d.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"d\.npy is damaged or not a \.npy file"):
        read_image(tmp_path / "d.npy")


def test_what_is_no_image_is_refused(tmp_path):
    np.save(tmp_path / "line.npy", np.zeros(5))
    np.save(tmp_path / "complex.npy", np.zeros((9, 9), complex))
    np.save(tmp_path / "empty.npy", np.zeros((0, 9)))
    for name in ("line", "complex", "empty"):
        with pytest.raises(InputError):
            read_image(tmp_path / f"{name}.npy")


def test_importing_this_imports_no_file_library():
    code = (
        f"import sys, {reading.__name__};"
        "print(sorted({'tifffile', 'zarr', 'PIL', 'imageio'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


WITHOUT_DECODERS = """
import sys
sys.modules["imagecodecs"] = None
if sys.version_info < (3, 14):
    sys.modules["compression"] = None
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.files.label_classes import LabelClass
from napari_garage_unet.engine.files.reading import (
    read_image,
    read_mask,
    read_strokes,
)
for path in sys.argv[1:]:
    for read in (read_image, read_strokes):
        try:
            read(path)
        except InputError as error:
            print(error)
"""


def test_a_missing_decoder_is_named_and_the_file_is_not_called_damaged(tmp_path):
    data = random_pixels((20, 31))
    paths = []
    for compression in ("lzw", "jpeg2000", "zstd"):
        paths.append(str(tmp_path / f"{compression}.tif"))
        tifffile.imwrite(paths[-1], data, compression=compression)
        np.testing.assert_array_equal(read_image(paths[-1]).data, data)
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_DECODERS, *paths],
        capture_output=True,
        text=True,
        check=True,
    )
    said = run.stdout.splitlines()
    assert len(said) == 6
    for line, name in zip(said[::2], ("LZW", "JPEG2000", "ZSTD"), strict=True):
        assert f"is compressed with {name}" in line
        assert "pip install imagecodecs" in line
        assert "damaged" not in line


@pytest.mark.parametrize(
    "compression", ["lzw", "zlib", "packbits", "zstd", "lzma", "webp", "jpeg2000"]
)
@pytest.mark.parametrize("predictor", [None, "horizontal"])
def test_compressed_tiff_files_are_read_as_they_were(tmp_path, compression, predictor):
    if predictor and compression not in ("lzw", "zlib", "zstd"):
        pytest.skip("no such file")
    data = random_pixels((40, 40, 3))
    options = {"lossless": True} if compression == "webp" else {}
    tifffile.imwrite(
        tmp_path / "c.tif",
        data,
        photometric="rgb",
        compression=compression,
        compressionargs=options,
        predictor=predictor,
    )
    np.testing.assert_array_equal(read_image(tmp_path / "c.tif").data, data)


def mask_files(folder, mask):
    """Write a mask in the ways that programs do; yield the files."""
    grey = np.where(mask, 255, 0).astype(np.uint8)
    np.save(folder / "float.npy", np.where(mask, 1.0, np.nan))
    Picture.fromarray(mask).save(folder / "bits.png")
    Picture.fromarray(grey).convert("RGBA").save(folder / "rgba.png")
    Picture.fromarray(grey).convert("LA").save(folder / "alpha.png")
    Picture.fromarray(grey).convert("RGB").save(folder / "rgb.tif")
    tifffile.imwrite(folder / "bits.tif", mask)
    tifffile.imwrite(folder / "white.tif", grey, photometric="miniswhite")
    classes = [LabelClass(1, "there", "#e69f00")]
    write_segmentation(folder / "palette.png", mask, classes=classes)
    write_segmentation(folder / "m.zarr", mask)
    return sorted(folder.iterdir())


def test_masks_count_as_they_are_stored(tmp_path):
    mask = random_pixels((20, 31), bool)
    for path in mask_files(tmp_path, mask):
        np.testing.assert_array_equal(read_mask(path), mask, err_msg=path.name)


def test_a_mask_that_jpeg_has_changed_is_refused(tmp_path):
    Picture.fromarray(random_pixels((20, 31))).save(tmp_path / "m.jpg")
    with pytest.raises(InputError, match="a mask can be read from PNG, TIFF"):
        read_mask(tmp_path / "m.jpg")
