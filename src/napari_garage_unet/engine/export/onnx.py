"""The network of a model as an ONNX file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.networks.base import Network
from napari_garage_unet.engine.networks.build import build_network

OPSET = 17
"""Version of ONNX's operators: read by onnxruntime since 1.12 and by OpenCV and
MATLAB importers of the last years."""

INPUT, OUTPUT = "image", "probabilities"

EXPORT_METADATA_KEY = "napari-garage-unet"
"""Key of the JSON that describes the model, in the metadata of an ONNX file and in the
configuration of a bioimage.io package."""


def write_onnx(model: Model, path: Path) -> None:
    """Write the network from preprocessed planes to probabilities.

    Parameters
    ----------
    model
        The model.
    path
        File to write.

    Notes
    -----
    The input ``image`` is ``(batch, channel, y, x)``, float32 from 0 to 1 as
    `preprocess.preprocess` gives it; ``y`` and ``x`` are multiples of the network's
    stride. The output ``probabilities`` is ``(batch, class, y, x)``, float32, and sums
    to 1 over the classes. The pretrained network takes one plane at a time and scales
    its features by their mean and spread over it, so whole planes are best; with
    contrast as in training it scales them as there.

    Raises
    ------
    InputError
        If the model takes its contrast from whole stacks.
    """
    import onnx
    import tf2onnx

    network = build_network(model.network, model.n_channels, len(model.classes))
    network.load_state(model.state)

    fixed = model.fixed_contrast
    graph = network.probability_graph(None if fixed is None else fixed.statistics)
    batch = None if network.takes_batches else 1

    def compute(image: Any) -> Any:
        return tf.transpose(graph(tf.transpose(image, (0, 2, 3, 1))), (0, 3, 1, 2))

    signature = [
        tf.TensorSpec((batch, model.n_channels, None, None), tf.float32, INPUT)
    ]
    proto, _ = tf2onnx.convert.from_function(
        tf.function(compute, input_signature=signature, autograph=False),
        input_signature=signature,
        opset=OPSET,
    )
    _name_ends(proto, batch)
    onnx.helper.set_model_props(
        proto, {EXPORT_METADATA_KEY: json.dumps(describe(model, network))}
    )
    proto.producer_name = "napari-garage-unet"
    proto.doc_string = (
        f"U-Net of napari-garage-unet. The metadata entry '{EXPORT_METADATA_KEY}' "
        "says in JSON how to prepare the pixels and what comes out."
    )
    onnx.checker.check_model(proto)
    onnx.save(proto, str(path), format="protobuf")


def describe(model: Model, network: Network) -> dict[str, Any]:
    """Describe in JSON values how to prepare the pixels and what comes out."""
    config = model.preprocess
    fixed = model.fixed_contrast
    if fixed is None:
        limits = (
            f"rescale so that the percentiles {config.low_percentile} and "
            f"{config.high_percentile} of the whole plane become 0 and 1, "
        ) + ("all channels together" if config.joint_channels else "each channel alone")
    else:
        limits = (
            f"rescale so that {fixed.range.low.tolist()} and "
            f"{fixed.range.high.tolist()}, one value per channel, become 0 and 1"
        )
    steps = [
        "values that are not finite become those of the nearest pixel that is",
        config.background_radius
        and f"subtract a Gaussian of sigma {config.background_radius} pixels",
        config.denoise and f"filter with a Gaussian of sigma {config.denoise} pixels",
        limits,
        "clip to 0 and 1",
        config.clahe
        and f"equalize_adapthist of scikit-image, clip limit {config.clahe}",
        config.gamma != 1 and f"raise to the power {config.gamma}",
    ]
    return {
        **model.info(),
        "input": {
            "name": INPUT,
            "axes": "bcyx",
            "type": "float32",
            "multiple_of": network.stride,
            "preprocessing": [step for step in steps if step],
        },
        "output": {
            "name": OUTPUT,
            "axes": "bcyx",
            "type": "float32",
            "class_ids": list(model.class_ids),
            "halo": network.radius,
        },
    }


def _name_ends(proto: Any, batch: int | None) -> None:
    """Name the output and the free sizes of input and output."""
    graph = proto.graph
    old = graph.output[0].name
    for node in graph.node:
        for at, name in enumerate(node.output):
            if name == old:
                node.output[at] = OUTPUT
        for at, name in enumerate(node.input):
            if name == old:
                node.input[at] = OUTPUT
    graph.output[0].name = OUTPUT
    for end in (graph.input[0], graph.output[0]):
        dims = end.type.tensor_type.shape.dim
        for at, name in ((0, "batch"), (2, "y"), (3, "x")):
            dims[at].dim_param = name
        if batch is not None:
            dims[0].dim_value = batch
