"""`garage-unet demo`."""

from __future__ import annotations

from pathlib import Path

import click

from napari_garage_unet.engine.files.reports import make_folder, write_report

from .options import DEFAULT_SECONDS, JSON_OPTION, PATH_TYPE
from .outputs import check_output
from .terminal import ProgressLine, start_engine


@click.command("demo")
@click.option(
    "--out", type=PATH_TYPE, default="demo", show_default=True, metavar="FOLDER"
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0),
    default=DEFAULT_SECONDS,
    show_default=True,
)
@click.option("--steps", type=click.IntRange(min=1), help="Learn for at most so many.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@JSON_OPTION
def demo_command(
    out: Path, seconds: float, steps: int | None, seed: int, report: Path | None
) -> None:
    """Train on the garage photograph, segment it and say how good it is."""
    from .garage_demo import run_demo

    make_folder(out)
    for path in (out / "report.json", report):
        if path is not None:
            check_output(path)
    start_engine()
    progress = ProgressLine(f"{seconds:g} s")
    result = run_demo(out, seconds=seconds, steps=steps, seed=seed, on_step=progress)
    progress.close()
    result = {"command": "demo", **result}
    for path in (out / "report.json", report):
        if path is not None:
            write_report(path, result)
    for side in ("left", "right"):
        figures = result[side]
        click.echo(
            f"{side} photograph: accuracy {figures['accuracy']:.3f}, "
            f"mean IoU {figures['mean_iou']:.3f}"
        )
    click.echo(f"{out}: segmentation.tif, model.garage, overlay.png, report.json")
