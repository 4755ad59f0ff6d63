"""Draw the comparison of methods, where matplotlib is installed."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.strokes.marks import Figures
from benchmarks.strokes.rounds import ROUND_SECONDS

logger = logging.getLogger(__name__)

_STYLES = {"same": "-", "new": "--"}


def draw_curves(figures: Figures, path: Path) -> None:
    """Draw mean IoU against seconds and against rounds.

    Parameters
    ----------
    figures : Figures
        The measured figures.
    path : pathlib.Path
        The PNG to write. Without matplotlib (dependency group `bench`) nothing is
        written, and a warning says so.
    """
    if find_spec("matplotlib") is None:
        logger.warning("No curves: matplotlib (dependency group 'bench') is absent.")
        return
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(10, 4.2), layout="constrained")
    by_seconds, by_round = canvas.subplots(1, 2, sharey=True)
    for number, method in enumerate(figures.methods):
        for pictures, style in _STYLES.items():
            field = f"{pictures}_iou"
            look: dict[str, Any] = {
                "color": f"C{number}",
                "linestyle": style,
                "marker": "o",
                "label": f"{method}, {pictures}",
            }
            by_seconds.plot(
                figures.seconds,
                [
                    figures.mean(method, field, round_number=0, seconds=seconds)
                    for seconds in figures.seconds
                ],
                **look,
            )
            by_round.plot(
                figures.rounds,
                [
                    figures.mean(method, field, round_number=number)
                    for number in figures.rounds
                ],
                **look,
            )
    by_seconds.set(
        xlabel="seconds after Train is pressed",
        ylabel="mean IoU over tasks and seeds",
        title="First strokes",
    )
    by_round.set(
        xlabel="corrective rounds",
        title=f"{ROUND_SECONDS:g} s in each round",
        xticks=figures.rounds,
    )
    by_round.legend(fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.savefig(path, dpi=120)
