"""`garage-unet info`."""

from __future__ import annotations

from pathlib import Path

import click

from napari_garage_unet.engine.files.reports import write_report

from .description import describe_model
from .options import JSON_OPTION, PATH_TYPE
from .outputs import check_output
from .terminal import start_engine


@click.command("info")
@click.argument("model_path", type=PATH_TYPE, metavar="MODEL")
@click.option(
    "--plot", type=PATH_TYPE, metavar="FILE", help="Draw the network, as a PNG."
)
@JSON_OPTION
def info_command(model_path: Path, plot: Path | None, report: Path | None) -> None:
    """Say what a model is and where it comes from."""
    from napari_garage_unet.engine.models.loading import load_model, read_info

    for path in (plot, report):
        if path is not None:
            check_output(path, inputs=[model_path])
    info = read_info(model_path)
    if plot is not None:
        start_engine()
        from napari_garage_unet.engine.diagrams.draw import draw_model

        draw_model(load_model(model_path), plot)
    click.echo(f"{model_path}\n\n{describe_model(info)}")
    if report:
        write_report(report, {"command": "info", "model": str(model_path), **info})
