"""Description of a model as text, for `garage-unet info`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_garage_unet.engine.models.made_for import MadeFor, describe_length
from napari_garage_unet.engine.networks.config import SUMMARIES


def describe_model(info: Mapping[str, Any]) -> str:
    """Return the description of a model as lines of a title and a text.

    Parameters
    ----------
    info
        JSON values, see `Model.info`.
    """
    rules = info["rules"]
    rows: list[tuple[str, str]] = []
    for number, entry in enumerate(info["classes"]):
        words = [f"{entry['id']}  {entry['name']}"]
        if entry.get("background"):
            words.append("background")
        words += _rule(rules.get(str(entry["id"]), {}))
        rows.append(("" if number else "Classes", ", ".join(words)))
    names = {str(entry["id"]): entry["name"] for entry in info["classes"]}
    for number, (preset, saved) in enumerate(sorted(info.get("presets", {}).items())):
        tuned = [
            f"{names.get(i, i)}: {', '.join(_rule(rule))}" for i, rule in saved.items()
        ]
        text = f"{preset}  {'; '.join(tuned) or 'all automatic'}"
        rows.append(("" if number else "Presets", text))
    channels = info["n_channels"]
    images = f"axes {info['axes']}, {channels} channel{'s' * (channels > 1)}"
    made_for = MadeFor.from_json(info.get("made_for", {}))
    if made_for.channel_names:
        images += f" ({', '.join(made_for.channel_names)})"
    if made_for.pixel_size:
        sizes = [f"{axis} {describe_length(n)}" for axis, n in made_for.pixel_size]
        images += f", pixels {', '.join(sizes)}"
    rows.append(("Images", images))
    rows.append(("Network", _network(info["network"])))
    rows.append(("Pixels", _pixels(info["preprocess"])))
    rows += _provenance(info["provenance"])
    width = max(len(title) for title, _ in rows) + 2
    return "\n".join(f"{title:<{width}}{text}".rstrip() for title, text in rows)


def describe_check(provenance: Mapping[str, Any]) -> str:
    """Say how the strokes that were held out have judged a model, or why they have not.

    Parameters
    ----------
    provenance
        See `describe_training`; models of earlier versions have less in it.
    """
    accuracy = provenance.get("accuracy")
    if accuracy is not None:
        return f"{100 * accuracy:.0f} % of the held-out strokes right"
    if provenance.get("validated"):
        return "checked on held-out strokes"
    held_out = provenance.get("held_out_strokes")
    if held_out is None:
        return "not checked on held-out strokes"
    if held_out:
        return "ended before the first check on held-out strokes"
    return "too few strokes to hold any out"


def _rule(rule: Mapping[str, Any]) -> list[str]:
    """Return the settings of a rule that have an effect, and always the threshold."""
    threshold = rule.get("threshold")
    words = ["default threshold" if threshold is None else f"threshold {threshold:g}"]
    for name, value in rule.items():
        if name == "threshold" or name.startswith("split") or not value:
            continue
        title = name.replace("_", " ")
        words.append(title if value is True else f"{title} {value:g}")
    return words


def _network(network: Mapping[str, Any]) -> str:
    return SUMMARIES[network["encoder"]].format_map(network)


CONTRAST_WORDS = {
    "plane": "of each plane",
    "stack": "of the whole stack",
    "training": "of the painted planes",
}
"""What follows percentiles in a description, by `PreprocessConfig.contrast`."""


def _pixels(config: Mapping[str, Any]) -> str:
    words = []
    if config["background_radius"]:
        words.append(f"background of radius {config['background_radius']} subtracted")
    if config["denoise"]:
        words.append(f"denoised with sigma {config['denoise']:g}")
    words.append(f"black at {config['low_percentile']:g} %")
    words.append(f"white at {config['high_percentile']:g} %")
    words.append(CONTRAST_WORDS[config.get("contrast", "plane")])
    words.append("colours together" if config["joint_channels"] else "each channel")
    if config["clahe"]:
        words.append(f"local contrast {config['clahe']:g}")
    if config["gamma"] != 1:
        words.append(f"gamma {config['gamma']:g}")
    return ", ".join(words)


def _provenance(known: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = []
    if "steps" in known:
        took = f"{known['steps']} steps in {known['seconds']:g} s"
        rows.append(("Trained", f"{took}; {describe_check(known)}"))
    if "date" in known:
        rows.append(("Date", str(known["date"])))
    if "images" in known:
        rows.append(("From", ", ".join(str(name) for name in known["images"])))
    if "stroke_pixels" in known:
        counts = (f"{n} of class {i}" for i, n in known["stroke_pixels"].items())
        rows.append(("Strokes", "pixels: " + ", ".join(counts)))
    if "versions" in known:
        versions = (f"{name} {v}" for name, v in known["versions"].items())
        rows.append(("Versions", ", ".join(versions)))
    return rows
