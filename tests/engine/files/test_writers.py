"""Files as the libraries that people use write them.

rasterio is installed for the tests; files of the others are made where they are there.
"""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
import zarr
from image_files import random_ids, random_pixels

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.files.reading import read_image, read_strokes
from napari_garage_unet.engine.files.writing import write_segmentation


def write_raster(path, data, **options):
    rasterio = pytest.importorskip("rasterio")
    bands = data if data.ndim == 3 else data[None]
    colors, mask = options.pop("colors", None), options.pop("mask", None)
    is_inside = options.pop("mask_inside", True)
    place = rasterio.transform.from_origin(5e5, 5.4e6, 10, 10)
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=is_inside),
        rasterio.open(
            path,
            "w",
            driver="GTiff",
            height=bands.shape[1],
            width=bands.shape[2],
            count=len(bands),
            dtype=bands.dtype,
            crs="EPSG:32632",
            transform=place,
            **options,
        ) as file,
    ):
        file.write(bands)
        if colors:
            file.write_colormap(1, colors)
        if mask is not None:
            file.write_mask(mask)


@pytest.mark.parametrize("compress", ["lzw", "deflate", "zstd", "packbits"])
@pytest.mark.parametrize("interleave", ["band", "pixel"])
@pytest.mark.parametrize("n_bands", [1, 2, 6])
def test_rasters_of_rasterio(tmp_path, compress, interleave, n_bands):
    data = random_pixels((n_bands, 40, 50), np.float32)
    data[:, 3] = -9999
    write_raster(
        tmp_path / "r.tif", data, compress=compress, interleave=interleave, nodata=-9999
    )
    image = read_image(tmp_path / "r.tif")
    assert image.n_channels == n_bands
    assert image.nodata == -9999
    np.testing.assert_array_equal(image.plane(), np.moveaxis(data, 0, -1))
    assert {33550, 33922, 34735} <= {tag.code for tag in image.georeference}
    missing = image.missing_values(image.plane())
    assert missing[3].all()
    assert missing.sum() == 50 * n_bands


def test_a_segmentation_lies_on_the_raster(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    write_raster(tmp_path / "r.tif", random_pixels((40, 50)), nodata=0)
    labels = random_ids((40, 50))
    image = read_image(tmp_path / "r.tif")
    for name in ("o.tif", "o.ome.tif"):
        write_segmentation(tmp_path / name, labels, like=image)
        with (
            rasterio.open(tmp_path / "r.tif") as before,
            rasterio.open(tmp_path / name) as after,
        ):
            assert after.crs == before.crs
            assert after.transform == before.transform
            assert after.nodata is None
            np.testing.assert_array_equal(after.read(1), labels)


def test_colours_and_masks_of_rasterio(tmp_path):
    indices = random_pixels((40, 50)) % 3
    colors = {0: (9, 9, 9, 255), 1: (255, 0, 0, 255), 2: (0, 80, 255, 255)}
    write_raster(
        tmp_path / "p.tif", indices, photometric="palette", colors=colors, nodata=0
    )
    image = read_image(tmp_path / "p.tif")
    table = np.array([colors[i][:3] for i in range(3)])
    np.testing.assert_array_equal(image.data, table[indices])
    np.testing.assert_array_equal(image.data_mask, indices != 0)
    np.testing.assert_array_equal(read_strokes(tmp_path / "p.tif"), indices)
    data, mask = random_pixels((40, 50)), random_pixels((40, 50), bool)
    for is_inside in (True, False):
        write_raster(tmp_path / "m.tif", data, mask=mask, mask_inside=is_inside)
        assert (tmp_path / "m.tif.msk").exists() is not is_inside
        np.testing.assert_array_equal(read_image(tmp_path / "m.tif").data_mask, mask)


def test_rasters_with_few_bits_with_jpeg_and_with_overviews(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    deep = random_pixels((40, 50), np.uint16) % 4096
    write_raster(tmp_path / "12.tif", deep, NBITS=12)
    np.testing.assert_array_equal(read_image(tmp_path / "12.tif").data, deep)
    smooth = np.stack([np.add.outer(np.arange(64), np.arange(64))] * 3).astype(np.uint8)
    write_raster(tmp_path / "j.tif", smooth, compress="jpeg", photometric="ycbcr")
    found = read_image(tmp_path / "j.tif")
    assert found.axes == "yxc"
    np.testing.assert_allclose(found.data, np.moveaxis(smooth, 0, -1), atol=8)
    large = random_pixels((600, 500))
    write_raster(tmp_path / "o.tif", large, tiled=True, blockxsize=256, blockysize=256)
    with rasterio.open(tmp_path / "o.tif", "r+") as file:
        file.build_overviews([2, 4])
    image = read_image(tmp_path / "o.tif")
    np.testing.assert_array_equal(image.data, large)
    assert image.notes == ()


def test_stacks_and_pictures_of_simpleitk(tmp_path):
    itk = pytest.importorskip("SimpleITK")
    data = random_pixels((5, 40, 50), np.uint16)
    stack = itk.GetImageFromArray(data)
    itk.WriteImage(stack, str(tmp_path / "none.tif"))
    stack.SetSpacing((0.5, 0.25, 2.0))
    itk.WriteImage(stack, str(tmp_path / "sized.tif"))
    image = read_image(tmp_path / "none.tif")
    np.testing.assert_array_equal(image.data, data)
    assert image.units == "pixel"
    # What ITK knows of z is not in the file.
    image = read_image(tmp_path / "sized.tif")
    assert image.spacing == pytest.approx((0.5, 0.25, 0.5), rel=1e-6)
    assert image.units == "millimeter"


def test_pictures_of_libvips(tmp_path):
    vips = pytest.importorskip("pyvips")
    data = random_pixels((300, 200))
    picture = vips.Image.new_from_array(data)
    picture.tiffsave(str(tmp_path / "lzw.tif"), compression="lzw")
    options = {"tile": True, "pyramid": True, "tile_width": 128, "tile_height": 128}
    picture.tiffsave(str(tmp_path / "pages.tif"), **options)
    picture.tiffsave(str(tmp_path / "sub.tif"), subifd=True, **options)
    for name in ("lzw.tif", "pages.tif", "sub.tif"):
        np.testing.assert_array_equal(read_image(tmp_path / name).data, data)
        assert read_image(tmp_path / name).notes == ()
    picture.tiffsave(str(tmp_path / "black.tif"), bitdepth=1)
    picture.tiffsave(str(tmp_path / "white.tif"), bitdepth=1, miniswhite=True)
    picture.tiffsave(str(tmp_path / "fax.tif"), bitdepth=1, compression="ccittfax4")
    black = read_image(tmp_path / "black.tif").data
    assert black.dtype == bool
    for name in ("white.tif", "fax.tif"):
        np.testing.assert_array_equal(read_image(tmp_path / name).data, black)


def test_images_of_ome_zarr_py(tmp_path):
    pytest.importorskip("ome_zarr")
    from ome_zarr.writer import write_image

    data = random_pixels((3, 64, 64))
    group = zarr.open_group(str(tmp_path / "i.zarr"), mode="w")
    write_image(data, group, axes="cyx")
    image = read_image(tmp_path / "i.zarr")
    assert image.axes == "cyx"
    assert image.spacing == (1.0, 1.0)
    np.testing.assert_array_equal(image.data[...], data)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_images_of_ngff_zarr(tmp_path, version):
    ngff = pytest.importorskip("ngff_zarr")
    data = random_pixels((5, 64, 64))
    made = ngff.to_ngff_image(
        data,
        dims=["z", "y", "x"],
        scale={"z": 2.0, "y": 0.5, "x": 0.5},
        translation={"z": 4.0, "y": 10.0, "x": 20.0},
        axes_units=dict.fromkeys("zyx", "micrometer"),
    )
    path = tmp_path / "i.zarr"
    ngff.to_ngff_zarr(str(path), ngff.to_multiscales(made), version=version)
    image = read_image(path)
    assert image.axes == "zyx"
    assert image.spacing == (2.0, 0.5, 0.5)
    assert image.origin == (4.0, 10.0, 20.0)
    assert image.units == "micrometer"
    np.testing.assert_array_equal(image.data[...], data)


def test_images_of_bioio(tmp_path):
    pytest.importorskip("bioio_ome_tiff")
    from bioio_base.types import PhysicalPixelSizes
    from bioio_ome_tiff.writers import OmeTiffWriter

    data = random_pixels((2, 3, 40, 50), np.uint16)
    OmeTiffWriter.save(
        data,
        str(tmp_path / "i.ome.tif"),
        dim_order="CZYX",
        channel_names=["DAPI", "GFP"],
        physical_pixel_sizes=PhysicalPixelSizes(2.0, 0.5, 0.25),
    )
    image = read_image(tmp_path / "i.ome.tif")
    assert image.axes == "czyx"
    assert image.spacing == (2.0, 0.5, 0.25)
    assert image.channel_names == ("DAPI", "GFP")
    np.testing.assert_array_equal(image.data, data)


def test_a_kind_that_is_not_read_says_what_to_do(tmp_path):
    (tmp_path / "m.mrc").write_bytes(bytes(2048))
    with pytest.raises(InputError, match=r"m\.mrc is not of a kind.*Fiji as TIFF"):
        read_image(tmp_path / "m.mrc")


def test_planes_that_imagej_keeps_in_one_page_are_all_read(tmp_path):
    data = random_pixels((7, 20, 31), np.uint16)
    tifffile.imwrite(tmp_path / "i.tif", data, imagej=True, metadata={"axes": "ZYX"})
    np.testing.assert_array_equal(read_image(tmp_path / "i.tif").data, data)
