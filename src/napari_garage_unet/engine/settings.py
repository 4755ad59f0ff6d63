"""The settings of a model and of its training, and their JSON form.

Each group is a frozen dataclass whose fields describe themselves: the docks build
their forms from `title` and `help`, a model file stores the values, and the command
line and Python use the same objects.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from .errors import InputError

T = TypeVar("T")


def setting(default: Any, title: str, help: str, **limits: float) -> Any:
    """Declare a dataclass field that can be shown in a form.

    Parameters
    ----------
    default
        Value used when nobody chooses.
    title, help
        Label and tooltip.
    **limits
        ``min`` and ``max``, both included; checked when the object is made.
    """
    return field(default=default, metadata={"title": title, "help": help, **limits})


@dataclass(frozen=True, slots=True)
class ClassInfo:
    """A class that can be painted.

    Parameters
    ----------
    id
        Value of its strokes and of its pixels in a segmentation, at least 1.
    name
        What people call it.
    color
        ``"#rrggbb"``, or empty for the palette's colour of this id.
    background
        Whether it stands for "nothing of interest"; drawn transparent.
    """

    id: int
    name: str = ""
    color: str = ""
    background: bool = False

    def __post_init__(self) -> None:
        if self.id < 1:
            raise InputError(
                f"Class ids start at 1 (0 means unlabelled), {self.id} is not possible."
            )
        if not self.name:
            object.__setattr__(self, "name", f"class {self.id}")


@dataclass(frozen=True, slots=True)
class PreprocessConfig:
    """What is done to the pixels before a network sees them, in this order."""

    background_radius: int = setting(
        0,
        "Subtract background",
        "Radius in pixels of the smooth background that is subtracted; 0 leaves it.",
        min=0,
        max=1000,
    )
    denoise: float = setting(
        0.0,
        "Denoise",
        "Sigma in pixels of a Gaussian filter against noise; 0 leaves the noise.",
        min=0,
        max=20,
    )
    low_percentile: float = setting(
        0.5,
        "Black at",
        "This percentile of a plane's pixels becomes black.",
        min=0,
        max=49,
    )
    high_percentile: float = setting(
        99.5,
        "White at",
        "This percentile of a plane's pixels becomes white.",
        min=51,
        max=100,
    )
    clahe: float = setting(
        0.0,
        "Local contrast",
        "Clip limit of contrast-limited adaptive histogram equalisation; 0 is off.",
        min=0,
        max=1,
    )
    gamma: float = setting(
        1.0,
        "Gamma",
        "Below 1 brightens dark regions, above 1 darkens them.",
        min=0.05,
        max=20,
    )
    joint_channels: bool = setting(
        False,
        "Rescale colours together",
        "One black and white point for all channels, which keeps the colours of a "
        "photograph; otherwise each channel has its own.",
    )

    def __post_init__(self) -> None:
        check_limits(self)


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Which U-Net."""

    encoder: Literal["efficientnet_lite0", "plain"] = setting(
        "efficientnet_lite0",
        "Encoder",
        "A pretrained encoder knows shapes and textures already and learns from few "
        "strokes; the plain one is trained from nothing.",
    )
    width: int = setting(
        16,
        "Width",
        "Channels of the plain U-Net's first level; each level below has twice as "
        "many. The textbook has 64.",
        min=1,
        max=256,
    )
    depth: int = setting(
        4,
        "Depth",
        "How often the plain U-Net halves the image.",
        min=1,
        max=7,
    )
    norm: Literal["batch", "none"] = setting(
        "batch", "Normalisation", "Normalisation after each convolution."
    )

    def __post_init__(self) -> None:
        check_limits(self)


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How a network is trained."""

    seconds: float = setting(
        30.0, "Seconds", "How long to learn; stop earlier at any time.", min=0
    )
    max_steps: int | None = setting(
        None, "Steps", "Learn for so many steps at the most; empty for no limit.", min=1
    )
    seed: int = setting(
        0, "Seed", "The same seed and strokes give the same training.", min=0
    )
    crop: int = setting(
        160, "Crop", "Side of the training crops in pixels.", min=16, max=1024
    )
    batch: int = setting(4, "Batch", "Crops per step.", min=1, max=256)
    learning_rate: float = setting(
        2e-3, "Learning rate", "How far each step goes.", min=1e-7, max=1
    )
    held_out: float = setting(
        0.15,
        "Held out",
        "Share of the strokes that checks what is learnt; the figure comes from a "
        "network that has not seen them.",
        min=0,
        max=0.5,
    )
    augment: bool = setting(
        True,
        "Vary the crops",
        "Flip, turn, brighten and darken the crops, so that the network does not "
        "depend on such things.",
    )

    def __post_init__(self) -> None:
        check_limits(self)


def check_limits(config: Any) -> None:
    """Raise `InputError` where a field lies outside its limits or has another type."""
    hints = get_type_hints(type(config))
    for f in dataclasses.fields(config):
        value = getattr(config, f.name)
        title = f.metadata.get("title", f.name)
        if not _fits(value, hints[f.name]):
            raise InputError(f"{title} cannot be {value!r}.")
        low, high = f.metadata.get("min"), f.metadata.get("max")
        if value is None or isinstance(value, (str, bool)):
            continue
        if (low is not None and not value >= low) or (
            high is not None and not value <= high
        ):
            bounds = f"from {low}" + (f" to {high}" if high is not None else " upwards")
            raise InputError(f"{title} can be {bounds}, not {value}.")


def to_json(config: Any) -> dict[str, Any]:
    """Turn a settings dataclass into JSON values."""
    return dataclasses.asdict(config)


def from_json(cls: type[T], values: dict[str, Any]) -> T:
    """Make a settings dataclass from JSON values.

    Settings this version does not know are refused, because leaving one out would
    give other results than the model was made with.

    Raises
    ------
    InputError
        If a setting is unknown, of the wrong type or out of its limits.
    """
    hints = get_type_hints(cls)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise InputError(
            f"The settings {', '.join(unknown)} are unknown to this version of "
            "napari-garage-unet; update the plugin."
        )
    kwargs: dict[str, Any] = {}
    for name, value in values.items():
        hint = hints[name]
        if isinstance(value, int) and not isinstance(value, bool) and hint is float:
            value = float(value)
        if not _fits(value, hint):
            raise InputError(f"The setting {name} cannot be {value!r}.")
        kwargs[name] = value
    try:
        return cls(**kwargs)
    except TypeError as error:
        raise InputError(f"The settings are incomplete: {error}.") from error


def _fits(value: Any, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    options = get_args(hint) or (hint,)
    if isinstance(value, bool):
        return bool in options
    if isinstance(value, int) and float in options:
        return True
    return isinstance(value, tuple(o for o in options if isinstance(o, type)))
