"""What the live preview asks for next: pure functions of what is shown and known.

What is on view comes first, at the resolution of the screen while learning goes on;
what lies outside follows. A preview costs the engine as much as many training steps, so
while learning goes on previews pause after each one; a new stroke that has just been
learnt ends the pause.

`may_ask` says whether it is time to ask, `next_part` chooses what to ask for, and
`is_outdated` says whether a request is to be withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass

from napari_garage_unet.engine.inference.boxes import Box
from napari_garage_unet.session.results.probability_store import NOTHING
from napari_garage_unet.session.training.live_model import LiveModel, Phase

from .coverage import MAX_OFF_VIEW_VALUES, Coverage, CoverageState

FIRST_PREVIEW_STEP = 10
"""Training step from which a preview is shown; earlier ones are little but noise."""

FIRST_PREVIEW_SECONDS = 2.0
"""Seconds after the first step from which a preview is shown in any case."""

PAUSE_RATIO = 1.0
"""Seconds that previews pause per second that the last one took to compute."""

MAX_PAUSE_SECONDS = 3.0
"""Longest time that previews pause, in seconds."""

MIN_STEPS_WITH_STROKE = 12
"""Steps with a new stroke after which the preview shows what it has changed."""

MAX_WAIT_FOR_STROKE_SECONDS = 1.5
"""Seconds the preview waits for a new stroke to be learnt; while painting never stops,
the state before it is shown."""


@dataclass(frozen=True, slots=True)
class LearningState:
    """What the scheduling has to know about the training.

    Parameters
    ----------
    live
        The live model.
    seconds
        Seconds from the first recorded step to the last.
    strokes_sent, strokes_learnt
        Number of the newest strokes that were sent, and of those learnt from.
    steps_with_strokes
        Steps taken with the newest strokes learnt from.
    """

    live: LiveModel
    seconds: float = 0.0
    strokes_sent: int = 0
    strokes_learnt: int = 0
    steps_with_strokes: int = 0

    @property
    def state(self) -> CoverageState:
        """Generation and step of the live model."""
        return (self.live.generation, self.live.step)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the preview has shown so far.

    Parameters
    ----------
    parts
        Number of parts shown.
    strokes
        Number of the newest strokes that something shown has learnt from.
    at
        When the last part was shown, in seconds of the monotonic clock.
    next_preview_at
        Until when previews pause so that learning goes on, in seconds of the same
        clock. A new stroke that has been learnt ends the pause earlier.
    """

    parts: int = 0
    strokes: int = 0
    at: float = 0.0
    next_preview_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Sweep:
    """One pass over all parts on view while learning goes on.

    The model changes with every step, so no part ever shows the present state for long.
    A sweep therefore asks only for parts that are older than the sweep itself; when
    there are none left, the next sweep begins with the state of that moment.

    Parameters
    ----------
    oldest_state
        State of the model when the sweep began. A part that shows this state or a later
        one is not asked for again in this sweep.
    looks_off_view
        Whether one part that is not on view is asked for after all that are on view.
    """

    oldest_state: CoverageState = NOTHING
    looks_off_view: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What the viewer shows of the plane.

    Parameters
    ----------
    box
        The region on view, ``(y0, y1, x0, x1)`` in pixels of the plane.
    step
        Pixels of the plane per pixel of the screen, at least 1.
    last_stroke
        Box of the newest stroke where it lies on this plane, else None.
    """

    box: Box
    step: int = 1
    last_stroke: Box | None = None


@dataclass(frozen=True, slots=True)
class PreviewPart:
    """A part of a plane to be asked for.

    Parameters
    ----------
    box
        ``(y0, y1, x0, x1)`` in pixels of the plane.
    step
        Pixels from one value to the next.
    """

    box: Box
    step: int


def may_ask(learning: LearningState, shown: Shown, *, now: float) -> bool:
    """Whether the engine is to be asked for a preview at this moment.

    Parameters
    ----------
    learning
        The state of the training.
    shown
        What the preview has shown so far.
    now
        Seconds of the monotonic clock.
    """
    live = learning.live
    # Before the first step the engine answers with the former model, whose step would
    # be taken for one of the new training.
    if not live.has_model or live.phase is Phase.STARTING:
        return False
    if not live.is_running:
        return True
    if live.step < FIRST_PREVIEW_STEP and learning.seconds < FIRST_PREVIEW_SECONDS:
        return False
    has_news = learning.strokes_learnt > shown.strokes
    learns_stroke = learning.strokes_sent > learning.strokes_learnt or (
        has_news and learning.steps_with_strokes < MIN_STEPS_WITH_STROKE
    )
    if learns_stroke and shown.parts:
        return now >= shown.at + MAX_WAIT_FOR_STROKE_SECONDS
    return has_news or now >= shown.next_preview_at


def is_outdated(
    learning: LearningState, shown: Shown, *, asked_with: int, now: float
) -> bool:
    """Whether a request on its way is to be withdrawn, to learn a new stroke first.

    Parameters
    ----------
    learning
        The state of the training.
    shown
        What the preview has shown so far.
    asked_with
        Number of the newest strokes that had been sent when the request was made.
    now
        Seconds of the monotonic clock.
    """
    return (
        learning.strokes_sent > asked_with
        and learning.live.is_running
        and now < shown.at + MAX_WAIT_FOR_STROKE_SECONDS
    )


def next_part(
    coverage: Coverage,
    view: View,
    learning: LearningState,
    shown: Shown,
    sweep: Sweep,
) -> tuple[PreviewPart | None, Sweep]:
    """Choose what to ask for, once `may_ask` allows it.

    Parameters
    ----------
    coverage
        Which state of the model each part of the plane shows; it is only read.
    view
        What the viewer shows of the plane.
    learning
        The state of the training.
    shown
        What the preview has shown so far.
    sweep
        The present sweep.

    Returns
    -------
    PreviewPart or None
        The part, or None where everything shows the present state.
    Sweep
        The sweep to go on with.
    """
    if not learning.live.is_running:
        return _next_when_idle(coverage, view, learning.state), sweep
    has_news = learning.strokes_learnt > shown.strokes
    if has_news:
        sweep = Sweep(learning.state, sweep.looks_off_view)
        if shown.parts and view.last_stroke is not None:
            near = coverage.near(view.last_stroke, view.box)
            if near is not None:
                return PreviewPart(near, view.step), sweep
    box, sweep = _next_of_sweep(coverage, view, learning.state, sweep)
    return (None if box is None else PreviewPart(box, view.step)), sweep


def _next_when_idle(
    coverage: Coverage, view: View, state: CoverageState
) -> PreviewPart | None:
    """Return what is due of the view, coarse then exact, then of the whole plane."""
    regions = ((view.box, view.step), (view.box, 1), (coverage.whole, 1))
    for region, step in regions:
        box = coverage.next_part(region, state, step=step)
        if box is not None:
            return PreviewPart(box, step)
    return None


def _next_of_sweep(
    coverage: Coverage, view: View, state: CoverageState, sweep: Sweep
) -> tuple[Box | None, Sweep]:
    """Return what is due of the view; after each sweep, one part that is off view."""
    box = coverage.next_part(view.box, sweep.oldest_state, step=view.step)
    if box is None and sweep.looks_off_view:
        sweep = Sweep(sweep.oldest_state, looks_off_view=False)
        box = coverage.next_part(
            coverage.whole, sweep.oldest_state, step=view.step, side=MAX_OFF_VIEW_VALUES
        )
    if box is None:
        sweep = Sweep(state, looks_off_view=True)
        box = coverage.next_part(view.box, state, step=view.step)
    return box, sweep
