"""How much of each new stroke the preview had wrong before it was painted.

Where strokes are painted on errors of the preview, this share falls as learning goes
on. It is not biased by learning, because nothing was learnt from a stroke before it was
painted (corrective annotation: Smith et al. 2022, doi:10.1111/nph.18387).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.session.images.annotated_image import AnnotatedImage
from napari_garage_unet.session.results.result_list import ResultList
from napari_garage_unet.session.training.live_model import LiveModelStore
from napari_garage_unet.session.training.training_job import TrainingJob


class Corrections:
    """Compares new strokes with the preview when they are noticed.

    Parameters
    ----------
    results
        Has the previews.
    live
        Holds the live model.
    job
        Its history records the share that was wrong.
    """

    def __init__(
        self, results: ResultList, live: LiveModelStore, job: TrainingJob
    ) -> None:
        self._results = results
        self._live = live
        self._job = job

    def follow(self, annotated: AnnotatedImage) -> None:
        """Compare what is painted on an image from now on."""
        annotated.painted.connect(partial(self._compare, annotated))

    def _compare(
        self,
        annotated: AnnotatedImage,
        key: Any,
        box: tuple[slice, ...],
        mask: NDArray[np.bool_],
        strokes: NDArray[Any],
    ) -> None:
        result = self._results.preview_of(annotated)
        if result is None or not self._live.now.has_model:
            return
        shown = np.asarray(result.pixels[key])[box][mask]
        # Where nothing was shown, nothing was wrong.
        labelled = shown != 0
        if labelled.any():
            wrong = shown[labelled] != strokes[mask][labelled]
            self._job.history.add_correction(float(wrong.mean()))
