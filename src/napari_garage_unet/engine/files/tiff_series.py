"""Which of the pictures in a TIFF file is read, and which of its planes are there."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import InputError

from .choice import choose_picture

_FAX = ("CCITTRLE", "CCITTFAX3", "CCITTFAX4", "CCITTRLEW")
"""Compressions of black and white pictures that Pillow decodes and tifffile not."""


class StoredPicture(NamedTuple):
    """One picture of a TIFF file, as it is stored.

    Parameters
    ----------
    data
        Values in the machine's byte order.
    axes
        tifffile's letter of each axis.
    keyframe
        Page that says how its values are meant.
    at
        Its index in ``TiffFile.series``.
    stack_axes, planes
        Letters of the axes in front of those of a page, and the numbers along each that
        are read; empty where all planes are.
    notes
        Ends of sentences that begin with the name of the file.
    """

    data: NDArray[Any]
    axes: str
    keyframe: Any
    at: int
    stack_axes: str
    planes: tuple[NDArray[np.intp], ...]
    notes: tuple[str, ...]


@contextmanager
def open_tiff(path: Path) -> Iterator[Any]:
    """Open a TIFF file without the other files of an OME-TIFF in several files.

    Yields
    ------
    tifffile.TiffFile
        tifffile by itself opens all files of such a set from each of them.
    """
    import tifffile

    with open_quietly(path) as tif:
        own = own_description(tif.ome_metadata, path) if tif.is_ome else None
        if own is None:
            yield tif
            return
    with _without_warnings(), tifffile.TiffFile(path, omexml=own) as tif:
        yield tif


@contextmanager
def open_quietly(path: Path) -> Iterator[Any]:
    """Open a TIFF file as tifffile does, without warnings about what is handled here.

    Yields
    ------
    tifffile.TiffFile
    """
    import tifffile

    with _without_warnings(), tifffile.TiffFile(path) as tif:
        yield tif


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Keep tifffile from warning about what is read otherwise here."""
    handled = ("Missing data are zeroed", "parsing GDAL_NODATA tag")

    def is_news(record: logging.LogRecord) -> bool:
        text = record.getMessage()
        return not any(part in text for part in handled)

    tifffile_logger = logging.getLogger("tifffile")
    tifffile_logger.addFilter(is_news)
    try:
        yield
    finally:
        tifffile_logger.removeFilter(is_news)


def read_stored(tif: Any, path: Path, number: int | None) -> StoredPicture:
    """Read one picture of an open TIFF file at full resolution.

    Parameters
    ----------
    tif
        File from `open_tiff`.
    path
        Its path.
    number
        Number of the picture from 0; by default the first that is not much smaller than
        the largest one.

    Raises
    ------
    InputError
        If there is no such picture, or planes are missing between others.
    """
    series = [one for one in tif.series if not _is_aside(one)] or list(tif.series)
    if not series:
        raise InputError(f"{path} holds no picture.")
    sizes = [_plane_pixels(one) for one in series]
    names = [f"{one.shape}".replace(",)", ")") for one in series]
    number, told = choose_picture(sizes, names, number, path)
    chosen = series[number]
    notes: tuple[str, ...] = (told,) if told else ()
    data, axes, planes, missing = _read_present(tif, chosen, path)
    if missing:
        notes += (missing,)
    at = next(i for i, one in enumerate(tif.series) if one is chosen)
    stack_axes = str(chosen.axes)[: len(planes)]
    return StoredPicture(data, axes, chosen.keyframe, at, stack_axes, planes, notes)


def read_mask(tif: Any, path: Path) -> NDArray[np.bool_] | None:
    """Read the mask that GDAL keeps in the same file, or beside it as ``.tif.msk``.

    Parameters
    ----------
    tif
        File from `open_tiff`.
    path
        Its path.

    Returns
    -------
    ndarray of shape (H, W), bool, or None
        False where there is no data.
    """
    for series in tif.series:
        keyframe = series.keyframe
        if int(keyframe.subfiletype) & 4 and not keyframe.is_reduced:
            return np.asarray(series.asarray() != 0)
    beside = path.with_name(f"{path.name}.msk")
    if not beside.is_file():
        return None
    with open_quietly(beside) as mask:
        return np.asarray(mask.series[0].asarray() != 0)


def _is_aside(series: Any) -> bool:
    """Whether a series is a reduced copy or a mask of another picture."""
    return bool(series.keyframe.is_reduced) or bool(
        int(series.keyframe.subfiletype) & 4
    )


def _plane_pixels(series: Any) -> int:
    lengths = dict(zip(series.axes, series.shape, strict=True))
    return int(lengths.get("Y", 1)) * int(lengths.get("X", 1))


def _read_present(
    tif: Any, series: Any, path: Path
) -> tuple[NDArray[Any], str, tuple[NDArray[np.intp], ...], str]:
    """Read the planes of a series that this very file holds."""
    axes = str(series.axes)
    if series.kind not in ("ome", "mmstack"):
        return _native(_decode(series, path)), axes, (), ""
    pages = list(series.pages)
    own = [page is not None and page.parent is tif for page in pages]
    n_pages, page_shape = len(pages), tuple(series.keyframe.shape)
    stack = series.shape[: len(series.shape) - len(page_shape)]
    if all(own) or int(np.prod(stack, dtype=int)) != n_pages:
        return _native(_decode(series, path)), axes, (), ""
    present = np.array(own).reshape(stack)
    found = tuple(np.unique(index) for index in np.nonzero(present))
    what = f"holds {sum(own)} of the {n_pages} planes of the picture that it describes"
    if not present[np.ix_(*found)].all():
        raise InputError(
            f"{path} {what}, and they are not a regular part of it; "
            "export the picture again as one file."
        )
    data = np.stack(
        [page.asarray() for page, is_own in zip(pages, own, strict=True) if is_own]
    )
    data = data.reshape(*(len(index) for index in found), *page_shape)
    # What is left of an axis of many planes is a picture by itself.
    single = tuple(i for i, index in enumerate(found) if len(index) == 1)
    left = "".join(letter for i, letter in enumerate(axes) if i not in single)
    places = ", ".join(
        f"{letter.lower()} {_numbers(index)} of {n}"
        for letter, index, n in zip(axes, found, stack, strict=False)
        if len(index) < n
    )
    told = f"{what}; only they are read ({places})"
    return _native(data.squeeze(single)), left, found, told


def _numbers(index: Sequence[int] | NDArray[np.intp]) -> str:
    """Return numbers in words, shortened where they are many."""
    if len(index) > 3:
        return f"{index[0]} to {index[-1]}"
    return ", ".join(str(int(i)) for i in index)


def _decode(series: Any, path: Path) -> Any:
    """Return the values of a series, by Pillow where tifffile lacks the decoder."""
    if series.keyframe.compression.name not in _FAX:
        return series.asarray()
    from PIL import Image as Picture

    planes = []
    with Picture.open(path) as picture:
        for page in series.pages:
            picture.seek(page.index)
            shown = np.asarray(picture.convert("1"))
            # Pillow turns pictures over in which white is 0.
            is_inverted = series.keyframe.photometric.name == "MINISWHITE"
            planes.append(~shown if is_inverted else shown)
    return np.stack(planes).reshape(series.shape)


def _native(data: Any) -> NDArray[Any]:
    """Return the array in the machine's byte order; ImageJ writes big-endian."""
    array = np.asarray(data)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def own_description(xml: str, path: Path) -> str | None:
    """Return OME-XML without what lies in other files.

    Parameters
    ----------
    xml
        Description of an OME-TIFF.
    path
        Its file.

    Returns
    -------
    str or None
        None where nothing lies in other files.
    """
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError:
        return None
    entries = [
        (pixels, data, uuid)
        for pixels in root.iter()
        if pixels.tag.endswith("}Pixels") or pixels.tag == "Pixels"
        for data in list(pixels)
        for uuid in data
        if uuid.tag.endswith("UUID")
    ]
    if len({uuid.text for _, _, uuid in entries}) < 2:
        return None
    own = root.attrib.get("UUID")
    foreign = [
        (pixels, data)
        for pixels, data, uuid in entries
        if (uuid.text != own if own else uuid.attrib.get("FileName") != path.name)
    ]
    if not foreign or len(foreign) == len(entries):
        return None
    for pixels, data in foreign:
        pixels.remove(data)
    for image in [i for i in root if i.tag.endswith("Image")]:
        if not any(e.tag.endswith("TiffData") for e in image.iter()):
            root.remove(image)
    return ElementTree.tostring(root, encoding="unicode")
