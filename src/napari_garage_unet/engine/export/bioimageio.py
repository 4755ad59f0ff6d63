"""A model as a package of the BioImage Model Zoo, see https://bioimage.io."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.palette import color_for
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.files.room import temporary_folder
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.preprocess import preprocess
from napari_garage_unet.engine.models.model import Model

from .bioimageio_texts import (
    UNET,
    channel_names,
    default_name,
    documentation,
    input_names,
    listed_classes,
)
from .onnx import EXPORT_METADATA_KEY, OPSET, describe, write_onnx
from .plane_sizes import PlaneSizes

Pixels = NDArray[np.float32]

MADE_UP_SIDE = 256
"""Side in pixels of a made-up test image, where the network takes it."""

EPSILON = 1e-9
"""Added to the span of the percentiles in the package; this plugin adds nothing."""


def write_package(
    model: Model,
    path: Path,
    *,
    sample: Image | None = None,
    name: str = "",
    author: str = "",
    license: str = "CC-BY-4.0",
) -> None:
    """Write a package: description, ONNX weights, test image and its result.

    Parameters
    ----------
    model
        The model.
    path
        Zip file to write.
    sample, name, author, license
        As for `export.export_model`.

    Raises
    ------
    InputError
        If the preprocessing has steps that bioimage.io does not know, or the sample
        or the texts do not fit.
    """
    from bioimageio.spec import ValidationContext, save_bioimageio_package
    from loguru import logger as their_logger
    from pydantic import ValidationError

    check_preprocess(model.preprocess)
    network = model.predictor.network
    fixed = model.fixed_contrast
    sizes = PlaneSizes.of(network, scales_by_plane=fixed is None)
    pixels = _test_image(model, sample, sizes)
    prepared = preprocess(
        pixels, model.preprocess, contrast=None if fixed is None else fixed.range
    )
    statistics = network.statistics(prepared) if fixed is None else fixed.statistics
    feature_maps = network.features(prepared, statistics)
    probabilities = network.probabilities(feature_maps)
    # It warns of what a model needs in the public zoo, such as a longer description.
    their_logger.disable("bioimageio.spec")
    with temporary_folder() as files:
        write_onnx(model, files / "weights.onnx")
        np.save(files / "test_input.npy", pixels.transpose(2, 0, 1)[np.newaxis])
        np.save(files / "test_output.npy", probabilities[np.newaxis])
        _cover(model, prepared, probabilities, files / "cover.png")
        text = documentation(model, network, halo=sizes.halo)
        (files / "README.md").write_text(text, encoding="utf-8")
        try:
            with ValidationContext(root=files, log_warnings=False):
                description = _description(
                    model,
                    name=name or default_name(model),
                    author=author or "a user of napari-garage-unet",
                    license=license,
                    sizes=sizes,
                )
                save_bioimageio_package(description, output_path=path)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise InputError(
                f"bioimage.io does not take this model: {where}: {first['msg']}."
            ) from error
        finally:
            their_logger.enable("bioimageio.spec")


def check_preprocess(config: PreprocessConfig) -> None:
    """Raise `InputError` if bioimage.io cannot describe a preprocessing step."""
    foreign = [
        title
        for title, used in (
            ("background subtraction", config.background_radius > 0),
            ("denoising", config.denoise > 0),
            ("local contrast", config.clahe > 0),
            ("gamma", config.gamma != 1),
        )
        if used
    ]
    if foreign:
        raise InputError(
            f"bioimage.io cannot describe the model's {' and '.join(foreign)}; "
            "export it to ONNX, or train without."
        )


def _description(
    model: Model, *, name: str, author: str, license: str, sizes: PlaneSizes
) -> Any:
    from bioimageio.spec.model import v0_5 as spec

    network = model.predictor.network
    batch: Literal[1] | None = None if network.takes_batches else 1
    size = spec.ParameterizedSize(min=sizes.smallest, step=sizes.step)
    image = spec.InputTensorDescr(
        id=spec.TensorId("image"),
        description="A plane of the image, pixels as they come.",
        axes=[
            spec.BatchAxis(size=batch),
            spec.ChannelAxis(channel_names=input_names(model.n_channels)),
            spec.SpaceInputAxis(id=spec.AxisId("y"), size=size),
            spec.SpaceInputAxis(id=spec.AxisId("x"), size=size),
        ],
        test_tensor=spec.FileDescr(source=Path("test_input.npy")),
        data=spec.IntervalOrRatioDataDescr(type="float32"),
        preprocessing=[
            spec.EnsureDtypeDescr(kwargs=spec.EnsureDtypeKwargs(dtype="float32")),
            _rescaling(model),
            spec.ClipDescr(kwargs=spec.ClipKwargs(min=0.0, max=1.0)),
        ],
    )
    probabilities = spec.OutputTensorDescr(
        id=spec.TensorId("probabilities"),
        description="Probability of each class; sums to 1.",
        axes=[
            spec.BatchAxis(size=batch),
            spec.ChannelAxis(
                channel_names=channel_names([c.name for c in model.classes])
            ),
            *(sizes.output_axis(axis) for axis in "yx"),
        ],
        test_tensor=spec.FileDescr(source=Path("test_output.npy")),
        data=spec.IntervalOrRatioDataDescr(type="float32", range=(0.0, 1.0)),
    )
    citations = (UNET, *network.citations)
    return spec.ModelDescr(
        name=name,
        description=(
            f"U-Net that tells apart {listed_classes(model)}, learnt from strokes."
        ),
        authors=[spec.Author(name=author)],
        cite=[spec.CiteEntry(text=text, doi=spec.Doi(doi)) for text, doi in citations],
        license=spec.LicenseId(license),
        covers=[spec.FileDescr(source=Path("cover.png"))],
        documentation=spec.FileDescr(source=Path("README.md")),
        tags=["semantic-segmentation", "unet", "napari", "2d"],
        inputs=[image],
        outputs=[probabilities],
        weights=spec.WeightsDescr(
            onnx=spec.OnnxWeightsDescr(source=Path("weights.onnx"), opset_version=OPSET)
        ),
        config=spec.Config.model_validate(
            {EXPORT_METADATA_KEY: describe(model, network)}
        ),
    )


def _rescaling(model: Model) -> Any:
    """Return the description of the step that makes values black and white."""
    from bioimageio.spec.model import v0_5 as spec

    config, fixed = model.preprocess, model.fixed_contrast
    if fixed is not None:
        span = fixed.range.high - fixed.range.low
        gain = 1 / np.where(span > 0, span, 1)
        return spec.ScaleLinearDescr(
            kwargs=spec.ScaleLinearAlongAxisKwargs(
                axis=spec.AxisId("channel"),
                gain=gain.tolist(),
                offset=(-fixed.range.low * gain).tolist(),
            )
        )
    together = ("channel", "y", "x") if config.joint_channels else ("y", "x")
    return spec.ScaleRangeDescr(
        kwargs=spec.ScaleRangeKwargs(
            axes=[spec.AxisId(axis) for axis in together],
            min_percentile=config.low_percentile,
            max_percentile=config.high_percentile,
            eps=EPSILON,
        )
    )


def _test_image(model: Model, sample: Image | None, sizes: PlaneSizes) -> Pixels:
    """Make a plane of valid size, of the sample or else of smoothed noise.

    Returns
    -------
    ndarray of shape (H, W, C), float32
    """
    smallest, step = sizes.smallest, sizes.step
    if sample is None:
        from skimage.filters import gaussian

        side = max(smallest, MADE_UP_SIDE)
        side -= (side - smallest) % step
        noise = np.random.default_rng(0).random((side, side, model.n_channels))
        smooth = gaussian(noise, sigma=(6, 6, 0))
        return np.asarray(255 * (smooth - smooth.min()) / np.ptp(smooth), np.float32)
    from napari_garage_unet.engine.inference.predictor import check_channels

    check_channels(sample, model.n_channels)
    plane = np.asarray(sample.plane(next(iter(sample.plane_indices()))), np.float32)
    if not np.isfinite(plane).all():
        raise InputError(
            f"{sample.name} has pixels that are not finite; choose another test image."
        )
    sides = [max((n - smallest) // step, 0) * step + smallest for n in plane.shape[:2]]
    missing = [
        (0, max(side - n, 0)) for side, n in zip(sides, plane.shape, strict=False)
    ]
    plane = np.pad(plane, [*missing, (0, 0)], mode="symmetric")
    return np.ascontiguousarray(plane[: sides[0], : sides[1]])


def _cover(model: Model, image: Pixels, probabilities: Pixels, path: Path) -> None:
    """Draw image and labels side by side."""
    from PIL import Image as Picture

    grey_or_rgb = image if image.shape[-1] == 3 else image[..., :1].repeat(3, axis=-1)
    colors = [info.color or color_for(info.id) for info in model.classes]
    table = np.array([list(bytes.fromhex(color[1:7])) for color in colors], np.uint8)
    labels = table[probabilities.argmax(axis=0)]
    both = np.concatenate([np.rint(255 * grey_or_rgb).astype(np.uint8), labels], axis=1)
    picture = Picture.fromarray(both)
    picture.thumbnail((800, 400))
    picture.save(path)
