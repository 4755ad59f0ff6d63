"""The picture of the rooms shows what import-linter holds."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_picture_of_the_rooms_is_up_to_date():
    script = runpy.run_path(str(ROOT / "scripts" / "draw_rooms.py"))
    drawn = (ROOT / "docs" / "images" / "rooms.svg").read_text(encoding="utf-8")
    assert drawn == script["draw_rooms"](), "run scripts/draw_rooms.py"


def test_every_room_of_the_engine_is_on_the_map():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = (ROOT / "src" / "napari_garage_unet" / "engine").glob("*/__init__.py")
    assert {
        f"`{room.parent.name}/`"
        for room in rooms
        if f"`{room.parent.name}/`" not in page
    } == set()


def test_long_files_say_why_they_are_long():
    package = ROOT / "src" / "napari_garage_unet"
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > 300:
            opening = text.split('"""')[1]
            assert "over 300 lines because" in " ".join(opening.split()), path
