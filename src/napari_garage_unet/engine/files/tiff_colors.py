"""From the numbers that a TIFF file stores to the picture that one sees.

Palette indices become colours, pictures in which white is zero are turned over, inks
become light, and alpha is left out.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_ALPHA_SAMPLES = (1, 2)
"""Values of the tag ExtraSamples: associated and unassociated alpha."""

_LOSSLESS = ("NONE", "LZW", "DEFLATE", "ADOBE_DEFLATE", "PACKBITS", "ZSTD", "LZMA")
"""Compressions after which YCbCr values are still YCbCr; JPEG decoders make RGB."""

_UNKNOWN_COLORS = {
    "ICCLAB": "ICC L*a*b*",
    "ITULAB": "ITU L*a*b*",
    "LOGL": "logarithmic",
    "LOGLUV": "logarithmic",
    "CFA": "unprocessed camera",
    "LINEAR_RAW": "unprocessed camera",
}
"""Photometric interpretations that are read as they are stored, in words."""


class SeenPicture(NamedTuple):
    """A picture as one sees it.

    Parameters
    ----------
    data
        Values.
    axes
        tifffile's letters, of which ``S`` are colours.
    converted
        Whether the values differ from the stored ones.
    notes
        Ends of sentences that begin with the name of the file.
    """

    data: NDArray[Any]
    axes: str
    converted: bool = False
    notes: tuple[str, ...] = ()


def as_seen(data: NDArray[Any], axes: str, tif: Any, keyframe: Any) -> SeenPicture:
    """Turn stored values into what one sees.

    Parameters
    ----------
    data
        Stored values.
    axes
        tifffile's letter of each axis.
    tif
        Open `tifffile.TiffFile`.
    keyframe
        Page that says how its values are meant.

    Returns
    -------
    SeenPicture
        Palette colours and inks as RGB. The values of ImageJ's pictures with a lookup
        table stay, because there they are intensities.
    """
    photometric = keyframe.photometric.name
    notes: tuple[str, ...] = ()
    data, axes, extra = _without_alpha(data, axes, tif, keyframe)
    if extra:
        notes += (extra,)
    if photometric == "PALETTE" and keyframe.colormap is not None:
        if tif.is_imagej:
            table = "has a lookup table of colours, which only shows its values; "
            return SeenPicture(
                data, axes, notes=(*notes, table + "the values are read")
            )
        return SeenPicture(_look_up(data, keyframe.colormap), axes + "S", True, notes)
    if photometric == "MINISWHITE":
        if data.dtype.kind == "f":
            told = "stores white as its smallest values, which are read as they are"
            return SeenPicture(data, axes, notes=(*notes, told))
        told = "stores white as 0; its values are turned over, so that bright is high"
        bits = int(np.max(keyframe.bitspersample))
        return SeenPicture(_turn_over(data, bits), axes, True, (*notes, told))
    at = axes.find("S")
    if at >= 0 and (
        photometric in ("SEPARATED", "CIELAB")
        or (photometric == "YCBCR" and keyframe.compression.name in _LOSSLESS)
    ):
        seen = _light(np.moveaxis(data, at, -1), photometric)
        if seen is not None:
            return SeenPicture(np.moveaxis(seen, -1, at), axes, True, notes)
        told = f"has colours of kind {photometric}, which are read as they are stored"
        return SeenPicture(data, axes, notes=(*notes, told))
    if photometric in _UNKNOWN_COLORS:
        told = f"has {_UNKNOWN_COLORS[photometric]} values, read as they are stored"
        notes = (*notes, told)
    return SeenPicture(data, axes, notes=notes)


def is_color_picture(axes: str, keyframe: Any) -> bool:
    """Whether a series has colours on its last axis and so cannot be strokes."""
    # Writers that guess mark a stack of three planes, such as strokes, as RGB too, but
    # with the samples in front.
    return axes.endswith("S") and keyframe.photometric.name in (
        "RGB",
        "SEPARATED",
        "YCBCR",
        "CIELAB",
    )


def _without_alpha(
    data: NDArray[Any], axes: str, tif: Any, keyframe: Any
) -> tuple[NDArray[Any], str, str]:
    """Leave out alpha samples; the text says so where something is transparent."""
    at = axes.find("S")
    # tifffile marks the last of four planes as alpha unless it is told otherwise.
    if at < 0 or (at != len(axes) - 1 and tif.is_shaped):
        return data, axes, ""
    extra = [int(sample) for sample in keyframe.extrasamples]
    first = data.shape[at] - len(extra)
    alpha = [first + i for i, kind in enumerate(extra) if kind in _ALPHA_SAMPLES]
    if not alpha or first < 1:
        return data, axes, ""
    opacity = data.take(alpha, at)
    kept = [i for i in range(data.shape[at]) if i not in alpha]
    rest = data.take(kept, at)
    if len(kept) == 1:
        rest, axes = rest.squeeze(at), axes.replace("S", "")
    told = "is transparent in places; its alpha channel is left out"
    return rest, axes, told if opacity.min() < opacity.max() else ""


def _look_up(indices: NDArray[Any], colormap: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the RGB colours of indices by a map of 16 bits per colour."""
    # Some writers store 8 bits in the 16.
    table = colormap if colormap.max() < 256 else colormap >> 8
    colors: NDArray[np.uint8] = table.astype(np.uint8).T[indices.astype(np.intp)]
    return colors


def _turn_over(data: NDArray[Any], bits: int) -> NDArray[Any]:
    """Return integers or bool with black and white exchanged."""
    if data.dtype.kind in "bi":
        return ~data
    turned: NDArray[Any] = np.array(2**bits - 1, data.dtype) - data
    return turned


def _light(samples: NDArray[Any], photometric: str) -> NDArray[Any] | None:
    """Return RGB for inks, brightness with colour differences, or L*a*b*.

    Parameters
    ----------
    samples
        ``(..., n)``, unsigned integers but for L*a*b*.
    photometric
        What the samples are.

    Returns
    -------
    ndarray of shape (..., 3), dtype of `samples`, or None
        None where the number of samples or their type is another one.
    """
    n = 4 if photometric == "SEPARATED" else 3
    if samples.shape[-1] != n:
        return None
    if photometric == "CIELAB":
        return _screen_colors(samples)
    if samples.dtype.kind != "u":
        return None
    top = float(np.iinfo(samples.dtype).max)
    values = samples.astype(np.float64)
    if photometric == "SEPARATED":
        rgb = (top - values[..., :3]) * (top - values[..., 3:]) / top
    else:
        y, blue, red = np.moveaxis(values, -1, 0)
        blue, red = blue - (top + 1) / 2, red - (top + 1) / 2
        rgb = np.stack(
            [y + 1.402 * red, y - 0.344136 * blue - 0.714136 * red, y + 1.772 * blue],
            -1,
        )
    return np.clip(np.rint(rgb), 0, top).astype(samples.dtype)


def _screen_colors(samples: NDArray[Any]) -> NDArray[Any] | None:
    """Return sRGB for L*a*b* of 8 bits, or of floats as 0 to 1; None for others."""
    from skimage.color import lab2rgb

    if samples.dtype == np.uint8:
        lab = np.concatenate(
            [samples[..., :1] * (100 / 255), samples[..., 1:].view(np.int8)], -1
        )
    elif samples.dtype.kind == "f":
        lab = samples
    else:
        return None
    with warnings.catch_warnings():
        # It warns of colours that no screen shows.
        warnings.simplefilter("ignore")
        rgb: NDArray[Any] = np.clip(lab2rgb(lab), 0, 1)
    if samples.dtype == np.uint8:
        rgb = np.rint(rgb * 255)
    screen: NDArray[Any] = rgb.astype(samples.dtype)
    return screen
