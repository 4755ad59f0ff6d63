"""Draw the floors of the package as ``docs/images/rooms.svg``.

Usage::

    python scripts/draw_rooms.py

The floors are those of the import-linter contracts in pyproject.toml, so the picture
shows what `make lint` holds: a room imports from floors below its own, never from its
own floor or from above.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "rooms.svg"

PACKAGE = "napari_garage_unet"
PANELS = {
    PACKAGE: ("The package", 20, "#2a7fb8", "#dcecf9"),
    f"{PACKAGE}.session": ("session/", 20, "#b96a12", "#fdeed8"),
    f"{PACKAGE}.engine": ("engine/", 480, "#1f8a6d", "#d6f0e4"),
}
"""Title, left edge, line and fill colour of each drawn container, top to bottom."""

PANEL_WIDTH = 440
FLOOR_HEIGHT = 46
ROOM_HEIGHT = 32
TITLE_HEIGHT = 34
GAP = 8
WIDTH = 940


@dataclass(frozen=True)
class Panel:
    """The floors of one container, the highest first, and where they are drawn."""

    title: str
    floors: tuple[tuple[str, ...], ...]
    left: int
    top: int
    line: str
    fill: str

    @property
    def bottom(self) -> int:
        """Lower edge in pixels."""
        return self.top + TITLE_HEIGHT + FLOOR_HEIGHT * len(self.floors)


def read_floors(container: str) -> tuple[tuple[str, ...], ...]:
    """Return the rooms of each floor of a container, the highest floor first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for contract in settings["tool"]["importlinter"]["contracts"]:
        if contract["type"] == "layers" and contract["containers"] == [container]:
            return tuple(
                tuple(room.strip() for room in floor.split("|"))
                for floor in contract["layers"]
            )
    raise SystemExit(f"pyproject.toml has no contract for the floors of {container}.")


def lay_out() -> list[Panel]:
    """Stack the panels of each column."""
    next_top: dict[int, int] = {}
    panels = []
    for container, (title, left, line, fill) in PANELS.items():
        top = next_top.get(left, 20)
        panel = Panel(title, read_floors(container), left, top, line, fill)
        next_top[left] = panel.bottom + 24
        panels.append(panel)
    return panels


def draw_panel(panel: Panel) -> list[str]:
    """Draw the title and the rooms of a panel as SVG elements."""
    parts = [
        f'<text x="{panel.left}" y="{panel.top + 16}" font-size="14" '
        f'font-weight="bold" fill="{panel.line}">{escape(panel.title)}</text>'
    ]
    for number, rooms in enumerate(panel.floors):
        y = panel.top + TITLE_HEIGHT + FLOOR_HEIGHT * number
        if number:
            parts.append(
                f'<path d="M{panel.left} {y - 7}h{PANEL_WIDTH}" stroke="#e2e2e8"/>'
            )
        width = (PANEL_WIDTH - GAP * (len(rooms) - 1)) / len(rooms)
        for place, room in enumerate(rooms):
            x = panel.left + place * (width + GAP)
            parts.append(
                f'<rect x="{x:.0f}" y="{y}" width="{width:.0f}" height="{ROOM_HEIGHT}" '
                f'rx="6" fill="{panel.fill}" stroke="{panel.line}"/>'
            )
            parts.append(
                f'<text x="{x + width / 2:.0f}" y="{y + 21}" '
                f'text-anchor="middle">{escape(room)}</text>'
            )
    return parts


def draw_rooms() -> str:
    """Return the picture as SVG text."""
    panels = lay_out()
    height = max(panel.bottom for panel in panels) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-size="12" fill="#1c1c24" '
        "font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">",
        "<title>The floors of napari-garage-unet</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for panel in panels:
        parts += draw_panel(panel)
    parts.append(
        f'<text x="20" y="{height - 16}" fill="#55555f">Imports go down: a room knows '
        "rooms of the floors below, none of its own floor and none above.</text>"
    )
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(draw_rooms(), encoding="utf-8")
