"""`garage-unet export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from napari_garage_unet.engine.files.reports import write_report

from .inputs import read_for_model
from .options import JSON_OPTION, PATH_TYPE
from .outputs import check_output
from .terminal import start_engine


@click.command("export")
@click.argument("model_path", type=PATH_TYPE, metavar="MODEL")
@click.option("--to", type=click.Choice(["bioimageio", "onnx"]), required=True)
@click.argument("out", type=PATH_TYPE)
@click.option("--sample", type=PATH_TYPE, help="Image for bioimageio's test and cover.")
@click.option("--name", default="", help="What the model is called, for bioimageio.")
@click.option("--author", default="", help="Who made it, for bioimageio.")
@click.option(
    "--license",
    default="CC-BY-4.0",
    show_default=True,
    help="SPDX identifier, for bioimageio.",
)
@JSON_OPTION
def export_command(
    model_path: Path,
    to: Any,
    out: Path,
    sample: Path | None,
    name: str,
    author: str,
    license: str,
    report: Path | None,
) -> None:
    """Write a model for other programs."""
    from napari_garage_unet.engine.export.export import check_packages, export_model
    from napari_garage_unet.engine.models.loading import load_model

    inputs = [model_path] if sample is None else [model_path, sample]
    for path in (out, report):
        if path is not None:
            check_output(path, inputs=inputs)
    model = load_model(model_path)
    image = None if sample is None else read_for_model(sample, model, axes=None)
    start_engine()
    check_packages(to)
    export_model(
        model, out, to=to, sample=image, name=name, author=author, license=license
    )
    click.echo(str(out))
    if report:
        result = {
            "command": "export",
            "model": str(model_path),
            "to": to,
            "out": str(out),
            "bytes": out.stat().st_size,
        }
        write_report(report, result)
