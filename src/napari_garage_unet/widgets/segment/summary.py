"""How much of a segmented image each class takes, in words."""

from __future__ import annotations

import html

import numpy as np

from napari_garage_unet.session.results.result import Result


def summarise(result: Result) -> str:
    """Return rich text with the share of each class in the planes of a result."""
    totals = dict.fromkeys(result.class_ids, 0)
    pixels = 0
    for index in result.planes:
        plane = result.image.spatial_plane(result.pixels, index)
        pixels += plane.size
        for class_id in totals:
            totals[class_id] += int(np.count_nonzero(plane == class_id))
    names = {info.id: info.name for info in result.classes}
    rows = "".join(
        f"<tr><td>{html.escape(names[i])}</td>"
        f"<td align='right'>&nbsp;&nbsp;{n / max(pixels, 1):.1%}</td></tr>"
        for i, n in sorted(totals.items(), key=lambda item: -item[1])
    )
    return f"<p>{html.escape(result.name)}</p><table>{rows}</table>"
