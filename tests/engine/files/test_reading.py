import os
import shutil
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image as Picture

from napari_garage_unet.engine.errors import InputError, OutputError
from napari_garage_unet.engine.files import reading
from napari_garage_unet.engine.files.reading import read_image, read_strokes
from napari_garage_unet.engine.files.writing import write_segmentation
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.units import unit_name


def numbers(shape, dtype=np.uint8, seed=0):
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=shape).astype(dtype)
    if np.dtype(dtype).kind == "b":
        return rng.random(shape) < 0.5
    return rng.integers(np.iinfo(dtype).max, size=shape, dtype=dtype, endpoint=True)


def ids(shape, seed=0):
    return np.random.default_rng(seed).choice([0, 1, 3, 7], size=shape).astype(np.uint8)


# Images


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
    data = numbers((20, 31), dtype)
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
    data = numbers((20, 31, 3))
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


def test_a_jpeg_file_is_read_up_to_its_losses(tmp_path):
    ramp = np.add.outer(np.arange(40), 2 * np.arange(60)).astype(np.uint8)
    Picture.fromarray(ramp).save(tmp_path / "grey.jpg", quality=95)
    Picture.fromarray(np.dstack([ramp] * 3)).save(tmp_path / "rgb.jpeg", quality=95)
    grey, rgb = read_image(tmp_path / "grey.jpg"), read_image(tmp_path / "rgb.jpeg")
    assert (grey.axes, rgb.axes) == ("yx", "yxc")
    assert np.abs(np.asarray(grey.data, int) - ramp).max() <= 4
    assert np.abs(np.asarray(rgb.data, int) - ramp[..., None]).max() <= 4


@pytest.mark.parametrize("name", ["i.png", "i.tif"])
def test_alpha_is_left_out_and_the_colours_stay(tmp_path, name):
    data = numbers((20, 31, 4))
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


def test_alpha_of_a_grey_picture_is_left_out(tmp_path):
    data = numbers((20, 31, 2))
    Picture.fromarray(data, mode="LA").save(tmp_path / "i.png")
    image = read_image(tmp_path / "i.png")
    np.testing.assert_array_equal(image.data, data[..., 0])


def test_a_palette_picture_is_colours_as_an_image_and_indices_as_strokes(tmp_path):
    painted = ids((20, 31))
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


def test_colours_of_16_bits_in_a_png_file_are_read_with_a_warning(tmp_path, caplog):
    data = numbers((5, 7, 3), np.uint16).astype(">u2")
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
    assert "deep.png has 16 bits per colour" in caplog.text


# TIFF


@pytest.mark.parametrize(
    ("axes", "shape", "expected"),
    [
        ("YX", (12, 15), "yx"),
        ("ZYX", (3, 12, 15), "zyx"),
        ("TYX", (4, 12, 15), "tyx"),
        ("CYX", (2, 12, 15), "cyx"),
        ("ZCYX", (3, 2, 12, 15), "zcyx"),
        ("TZCYX", (4, 3, 2, 12, 15), "tzcyx"),
        ("TZYXS", (4, 3, 12, 15, 3), "tzyxc"),
    ],
)
def test_axes_and_pixel_sizes_of_imagej_are_read(tmp_path, axes, shape, expected):
    data = numbers(shape, np.uint8 if "S" in axes else np.uint16)
    tifffile.imwrite(
        tmp_path / "i.tif",
        data,
        imagej=True,
        resolution=(2, 4),
        metadata={"axes": axes, "spacing": 3.0, "unit": "um", "finterval": 2.5},
    )
    image = read_image(tmp_path / "i.tif")
    size = {"t": 2.5, "z": 3.0, "y": 0.25, "x": 0.5}
    assert image.axes == expected
    assert image.spacing == pytest.approx([size[a] for a in expected if a != "c"])
    assert image.units == "micrometer"
    # ImageJ writes big-endian; nothing behind this wants to know.
    assert image.data.dtype.isnative
    np.testing.assert_array_equal(image.data, data)


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ("\\u00B5m", "micrometer"),
        ("micron", "micrometer"),
        ("um", "micrometer"),
        ("nm", "nanometer"),
        ("inch", "inch"),
        ("pixel", "pixel"),
        ("furlong", "pixel"),
        ("", "pixel"),
    ],
)
def test_the_spellings_of_units_in_imagej_are_understood(tmp_path, written, understood):
    metadata = {"unit": written} if written else {}
    tifffile.imwrite(
        tmp_path / "i.tif", numbers((9, 9)), imagej=True, metadata=metadata
    )
    assert read_image(tmp_path / "i.tif").units == understood


def test_both_letters_for_micro_are_understood():
    assert unit_name("\u00b5m") == unit_name("\u03bcm") == "micrometer"


@pytest.mark.parametrize(
    ("axes", "shape", "expected"),
    [
        ("YX", (12, 15), "yx"),
        ("ZYX", (3, 12, 15), "zyx"),
        ("CYX", (2, 12, 15), "cyx"),
        ("TCZYX", (4, 2, 3, 12, 15), "tczyx"),
        ("YXS", (12, 15, 3), "yxc"),
    ],
)
def test_axes_and_pixel_sizes_of_ome_are_read(tmp_path, axes, shape, expected):
    data = numbers(shape)
    tifffile.imwrite(
        tmp_path / "i.ome.tif",
        data,
        photometric="rgb" if "S" in axes else "minisblack",
        metadata={
            "axes": axes,
            "PhysicalSizeX": 0.5,
            "PhysicalSizeY": 0.25,
            "PhysicalSizeZ": 2000.0,
            "PhysicalSizeZUnit": "nm",
            "TimeIncrement": 7.0,
        },
    )
    image = read_image(tmp_path / "i.ome.tif")
    size = {"t": 7.0, "z": 2.0, "y": 0.25, "x": 0.5}
    assert image.axes == expected
    assert image.spacing == pytest.approx([size[a] for a in expected if a != "c"])
    assert image.units == "micrometer"
    np.testing.assert_array_equal(image.data, data)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((6, 12, 15), "zyx"), ((3, 12, 15), "cyx"), ((5, 6, 12, 15), "tzyx")],
)
def test_axes_that_a_tiff_file_does_not_name_are_guessed(tmp_path, shape, expected):
    tifffile.imwrite(tmp_path / "i.tif", numbers(shape))
    assert read_image(tmp_path / "i.tif").axes == expected


def test_pages_without_any_description_are_a_stack(tmp_path):
    data = numbers((6, 12, 15))
    with tifffile.TiffWriter(tmp_path / "i.tif") as tif:
        for page in data:
            tif.write(page, metadata=None)
    image = read_image(tmp_path / "i.tif")
    assert image.axes == "zyx"
    np.testing.assert_array_equal(image.data, data)


def test_the_person_knows_the_axes_best(tmp_path):
    tifffile.imwrite(
        tmp_path / "i.tif",
        numbers((6, 12, 15)),
        imagej=True,
        resolution=(2, 4),
        metadata={"axes": "ZYX", "unit": "mm"},
    )
    image = read_image(tmp_path / "i.tif", axes="cyx")
    assert image.axes == "cyx"
    assert image.spacing == pytest.approx((0.25, 0.5))
    assert image.units == "millimeter"
    with pytest.raises(InputError, match="3 axes"):
        read_image(tmp_path / "i.tif", axes="yx")


# OME-Zarr


def ome_zarr(path, data, version, axes, scale, unit="micrometer"):
    group = zarr.open_group(str(path), mode="w", zarr_format=2 if version < 0.5 else 3)
    group.create_array("full", data=data)
    group.create_array("half", data=data[..., ::2, ::2])
    described = [
        {"name": a, "type": "space", "unit": unit}
        if a in "zyx"
        else {"name": a, "type": {"c": "channel", "t": "time"}[a]}
        for a in axes
    ]
    scales = [scale, [*scale[:-2], scale[-2] * 2, scale[-1] * 2]]
    multiscale = {
        "axes": described,
        "datasets": [
            {
                "path": name,
                "coordinateTransformations": [{"type": "scale", "scale": s}],
            }
            for name, s in zip(("full", "half"), scales, strict=True)
        ],
    }
    if version < 0.5:
        group.attrs["multiscales"] = [{**multiscale, "version": str(version)}]
    else:
        group.attrs["ome"] = {"version": str(version), "multiscales": [multiscale]}


@pytest.mark.parametrize("version", [0.4, 0.5])
def test_ome_zarr_is_opened_at_full_resolution_with_axes_and_scale(tmp_path, version):
    data = numbers((2, 3, 12, 16), np.uint16)
    ome_zarr(tmp_path / "i.zarr", data, version, "czyx", [1.0, 2.0, 0.5, 0.25])
    image = read_image(tmp_path / "i.zarr")
    assert image.axes == "czyx"
    assert image.spacing == (2.0, 0.5, 0.25)
    assert image.units == "micrometer"
    np.testing.assert_array_equal(image.data[...], data)
    np.testing.assert_array_equal(image.plane((1,)), data[:, 1].transpose(1, 2, 0))


def test_ome_zarr_stays_on_disk_until_a_plane_is_read(tmp_path):
    group = zarr.open_group(str(tmp_path / "i.zarr"), mode="w")
    # Four terabytes, of which nothing is stored.
    group.create_array(
        "0", shape=(1_000_000, 2048, 2048), chunks=(1, 512, 512), dtype="u1"
    )
    group.attrs["ome"] = {
        "multiscales": [
            {
                "axes": [{"name": a, "type": "space"} for a in "zyx"],
                "datasets": [{"path": "0"}],
            }
        ]
    }
    image = read_image(tmp_path / "i.zarr")
    assert image.spatial_shape == (1_000_000, 2048, 2048)
    assert image.plane((999_999,)).shape == (2048, 2048, 1)


def test_a_plain_zarr_array_and_a_group_of_images_are_read(tmp_path):
    data = numbers((12, 16))
    zarr.save_array(str(tmp_path / "plain.zarr"), data)
    assert read_image(tmp_path / "plain.zarr").axes == "yx"
    zarr.open_group(str(tmp_path / "many.zarr"), mode="w", zarr_format=2)
    ome_zarr(tmp_path / "many.zarr" / "0", data, 0.4, "yx", [0.5, 0.5])
    image = read_image(tmp_path / "many.zarr")
    assert image.spacing == (0.5, 0.5)
    np.testing.assert_array_equal(image.data[...], data)


# Strokes


@pytest.mark.parametrize("name", ["s.png", "s.tif", "s.npy"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, bool])
def test_strokes_are_read_as_painted(tmp_path, name, dtype):
    painted = ids((20, 31)).astype(dtype)
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


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float32])
def test_strokes_of_other_types_are_whole_numbers(tmp_path, dtype):
    painted = ids((5, 20, 31)).astype(dtype)
    np.save(tmp_path / "s.npy", painted)
    strokes = read_strokes(tmp_path / "s.npy")
    assert strokes.dtype.kind == "i"
    np.testing.assert_array_equal(strokes, painted)


@pytest.mark.parametrize("n_planes", [1, 3, 5])
def test_strokes_of_a_stack_keep_its_shape_whatever_the_number_of_planes(
    tmp_path, n_planes
):
    # tifffile marks three planes as RGB when nobody tells it not to.
    painted = ids((n_planes, 20, 31))
    tifffile.imwrite(tmp_path / "s.tif", painted)
    np.testing.assert_array_equal(read_strokes(tmp_path / "s.tif"), painted)


def test_strokes_are_read_from_ome_zarr_without_a_lone_channel(tmp_path):
    painted = ids((1, 4, 12, 16))
    ome_zarr(tmp_path / "s.zarr", painted, 0.4, "czyx", [1.0, 1.0, 1.0, 1.0])
    np.testing.assert_array_equal(read_strokes(tmp_path / "s.zarr"), painted[0])


def test_strokes_in_colours_are_refused(tmp_path):
    Picture.fromarray(numbers((20, 31, 3))).save(tmp_path / "s.png")
    tifffile.imwrite(tmp_path / "s.tif", numbers((20, 31, 3)), photometric="rgb")
    for name in ("s.png", "s.tif"):
        with pytest.raises(InputError, match=f"{name} is a .*Labels layer"):
            read_strokes(tmp_path / name)


def test_strokes_that_are_no_ids_are_refused(tmp_path):
    np.save(tmp_path / "half.npy", np.full((4, 4), 0.5))
    np.save(tmp_path / "nan.npy", np.full((4, 4), np.nan))
    for name in ("half.npy", "nan.npy"):
        with pytest.raises(InputError, match=f"{name}.*not whole numbers"):
            read_strokes(tmp_path / name)
    Picture.fromarray(numbers((20, 31))).save(tmp_path / "s.jpg")
    with pytest.raises(InputError, match="JPEG"):
        read_strokes(tmp_path / "s.jpg")


# Segmentations


@pytest.mark.parametrize("axes", ["yx", "zyx", "tyx", "tzyx"])
@pytest.mark.parametrize("name", ["o.tif", "o.ome.tif", "o.zarr"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64])
def test_a_segmentation_comes_back_with_axes_and_spacing(tmp_path, axes, name, dtype):
    shape = {"t": 4, "z": 3, "y": 12, "x": 15}
    size = {"t": 2.5, "z": 3.0, "y": 0.325, "x": 0.1}
    labels = ids([shape[a] for a in axes]).astype(dtype)
    image = Image(
        numbers((*labels.shape, 2)),
        axes + "c",
        spacing=tuple(size[a] for a in axes),
        units="micrometer",
    )
    write_segmentation(tmp_path / name, labels, like=image)
    back = read_image(tmp_path / name)
    assert back.axes == axes
    assert back.spacing == pytest.approx(image.spacing)
    assert back.units == "micrometer"
    assert back.data.dtype == (np.uint8 if dtype == np.int64 else dtype)
    np.testing.assert_array_equal(back.data[...], labels)
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["o.png", "o.npy", "o.tif", "o.zarr"])
def test_a_segmentation_of_an_unknown_image_comes_back(tmp_path, name):
    labels = ids((20, 31))
    labels[0, 0] = 200
    write_segmentation(tmp_path / name, labels)
    strokes = read_strokes(tmp_path / name)
    assert strokes.dtype == np.uint8
    np.testing.assert_array_equal(strokes, labels)


@pytest.mark.parametrize("name", ["o.tif", "o.ome.tif", "o.zarr", "o.npy"])
def test_many_objects_are_kept_apart(tmp_path, name):
    labels = np.arange(300 * 300).reshape(300, 300)
    write_segmentation(tmp_path / name, labels)
    strokes = read_strokes(tmp_path / name)
    assert strokes.dtype == np.uint32
    np.testing.assert_array_equal(strokes, labels)


def test_a_transposed_segmentation_keeps_its_shape(tmp_path):
    labels = ids((20, 31))
    image = Image(numbers((20, 31)), "xy")
    for name in ("o.tif", "o.zarr"):
        write_segmentation(tmp_path / name, labels, like=image)
        back = read_image(tmp_path / name)
        assert back.axes == "xy"
        np.testing.assert_array_equal(back.data[...], labels)


def test_tiff_segmentations_are_compressed_imagej_files_unless_ome_is_asked_for(
    tmp_path,
):
    labels = np.zeros((5, 200, 200), np.uint8)
    write_segmentation(tmp_path / "o.tif", labels)
    write_segmentation(tmp_path / "o.ome.tif", labels)
    for name, is_ome in (("o.tif", False), ("o.ome.tif", True)):
        assert (tmp_path / name).stat().st_size < labels.nbytes / 10
        with tifffile.TiffFile(tmp_path / name) as tif:
            assert bool(tif.is_ome) is is_ome
            assert bool(tif.is_imagej) is not is_ome


@pytest.mark.parametrize("name", ["o.tif", "o.zarr", "o.npy", "o.png"])
def test_an_older_segmentation_is_replaced(tmp_path, name):
    write_segmentation(tmp_path / name, ids((20, 31), seed=1))
    write_segmentation(tmp_path / name, ids((10, 11), seed=2))
    np.testing.assert_array_equal(read_strokes(tmp_path / name), ids((10, 11), seed=2))
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["o.tif", "o.zarr", "o.npy", "o.png"])
def test_the_older_segmentation_survives_when_writing_breaks_off(
    tmp_path, name, monkeypatch
):
    labels = ids((20, 31))
    write_segmentation(tmp_path / name, labels)

    def no_space(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", no_space)
    with pytest.raises(OutputError, match=f"{name} cannot.*No space left on device"):
        write_segmentation(tmp_path / name, np.zeros_like(labels))
    monkeypatch.undo()
    np.testing.assert_array_equal(read_strokes(tmp_path / name), labels)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_what_was_begun_is_removed_though_something_is_still_being_written(
    tmp_path, monkeypatch
):
    write_segmentation(tmp_path / "o.zarr", ids((20, 31)))
    remove, tries = shutil.rmtree, []

    def busy(path):
        tries.append(path)
        if len(tries) < 3:
            raise OSError(39, "Directory not empty")
        remove(path)

    monkeypatch.setattr(shutil, "rmtree", busy)
    write_segmentation(tmp_path / "o.zarr", np.zeros((20, 31), np.uint8))
    assert len(tries) == 3
    assert [p.name for p in tmp_path.iterdir()] == ["o.zarr"]


def test_labels_on_disk_are_written_plane_by_plane(tmp_path):
    class Lazy:
        shape, dtype = (3, 20, 31), np.dtype(np.int32)

        def __getitem__(self, key):
            assert key != Ellipsis, "the whole array was asked for"
            return np.full((20, 31), key[0] + 1, np.int32)

    write_segmentation(tmp_path / "o.zarr", Lazy())
    back = read_strokes(tmp_path / "o.zarr")
    assert back.dtype == np.uint8
    assert back[:, 5, 5].tolist() == [1, 2, 3]


# What goes wrong


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
    write_segmentation(path, numbers((100, 100)))
    target = path / ".zattrs" if path.is_dir() else path
    whole = target.read_bytes()
    damaged = {"cut": whole[: len(whole) // 2], "other": b"hello" * 99, "empty": b""}
    target.write_bytes(damaged[damage])
    with pytest.raises(InputError, match=f"{name} is damaged or not a"):
        read(path)


def test_a_damaged_jpeg_file_is_named(tmp_path):
    Picture.fromarray(numbers((100, 100))).save(tmp_path / "d.jpg")
    whole = (tmp_path / "d.jpg").read_bytes()
    (tmp_path / "d.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"d\.jpg is damaged or not a JPEG file"):
        read_image(tmp_path / "d.jpg")


def test_a_cut_tiff_file_without_compression_is_named(tmp_path):
    for options in ({}, {"rowsperstrip": 10}, {"tile": (32, 32)}):
        tifffile.imwrite(tmp_path / "d.tif", numbers((100, 100)), **options)
        whole = (tmp_path / "d.tif").read_bytes()
        (tmp_path / "d.tif").write_bytes(whole[:-3000])
        with pytest.raises(InputError, match=r"d\.tif is damaged or not a TIFF file"):
            read_image(tmp_path / "d.tif")


def test_a_picture_too_large_for_its_format_is_named(tmp_path, monkeypatch):
    Picture.fromarray(numbers((100, 100))).save(tmp_path / "huge.png")
    monkeypatch.setattr(Picture, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(InputError, match=r"huge\.png has more pixels.*TIFF"):
        read_image(tmp_path / "huge.png")


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


def test_an_unwritable_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for name in ("o.tif", "o.zarr", "o.npy", "o.png"):
        for folder in ("file", "missing"):
            with pytest.raises(OutputError, match=f"{folder} is not a folder"):
                write_segmentation(tmp_path / folder / name, ids((5, 5)))
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_is_no_segmentation_is_not_replaced(tmp_path):
    for name in ("thesis.zarr", "thesis.tif"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "chapter1.txt").write_text("years of work")
        with pytest.raises(OutputError, match="folder with other things in it"):
            write_segmentation(tmp_path / name, ids((5, 5)))
        assert (tmp_path / name / "chapter1.txt").exists()


def test_kinds_that_cannot_hold_a_segmentation_are_refused(tmp_path):
    with pytest.raises(OutputError, match=r"'\.jpg'.*\.tif, \.zarr"):
        write_segmentation(tmp_path / "o.jpg", ids((5, 5)))
    with pytest.raises(OutputError, match="one plane"):
        write_segmentation(tmp_path / "o.png", ids((3, 5, 5)))
    with pytest.raises(OutputError, match="65535"):
        write_segmentation(tmp_path / "o.png", np.full((5, 5), 70_000))


def test_labels_that_are_no_labels_are_refused(tmp_path):
    image = Image(numbers((5, 6)), "yx", name="cells")
    with pytest.raises(InputError, match=r"\(5, 5\) and cells has shape \(5, 6\)"):
        write_segmentation(tmp_path / "o.tif", ids((5, 5)), like=image)
    with pytest.raises(InputError, match="whole numbers"):
        write_segmentation(tmp_path / "o.tif", np.zeros((5, 6)), like=image)
    with pytest.raises(InputError, match="-1"):
        write_segmentation(tmp_path / "o.tif", np.full((5, 6), -1), like=image)
    assert not any(tmp_path.iterdir())


def test_importing_this_imports_no_file_library():
    code = (
        f"import sys, {reading.__name__};"
        "print(sorted({'tifffile', 'zarr', 'PIL', 'imageio'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
