"""Run the lesson and make its notebook and its page.

Usage::

    python scripts/make_tutorial.py [--page-only]

Runs `examples/unet_in_keras.py` cell by cell in a fresh kernel, writes
`examples/unet_in_keras.ipynb` with what came out, and from that `docs/tutorial.md` and
the pictures in `docs/images/tutorial/`. With ``--page-only`` nothing is run: text and
code are brought up to date and the outputs of the notebook that is there are kept.
"""

from __future__ import annotations

import argparse
import base64
import io
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbclient
import nbformat
from nbformat import NotebookNode
from PIL import Image

from napari_garage_unet.samples import GARAGE_CLASSES

ROOT = Path(__file__).resolve().parents[1]
LESSON = ROOT / "examples" / "unet_in_keras.py"
NOTEBOOK = LESSON.with_suffix(".ipynb")
PAGE = ROOT / "docs" / "tutorial.md"
PICTURES = ROOT / "docs" / "images" / "tutorial"
NOTE = (
    "<!-- Made by `make tutorial` from examples/unet_in_keras.py; change it there. -->"
)

COLORS = 140
"""Colours of a picture: enough for photographs of this size, a third of the bytes."""
WHITE = (255, 255, 255)
MAX_EPOCHS_SHOWN = 8
"""A longer progress bar is shown on the page without its middle."""
CELL_SECONDS = 3600

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def main() -> None:
    """Run the lesson and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page-only", action="store_true")
    page_only = parser.parse_args().page_only
    notebook = read_lesson()
    if page_only:
        keep_outputs(notebook, nbformat.read(NOTEBOOK, as_version=4))
    else:
        start = time.perf_counter()
        run(notebook)
        print(f"The lesson took {(time.perf_counter() - start) / 60:.1f} minutes.")
    nbformat.write(notebook, NOTEBOOK)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for old in PICTURES.glob("*.png"):
        old.unlink()
    PAGE.write_text(make_page(notebook), encoding="utf-8")
    print(f"Wrote {NOTEBOOK} and {PAGE}.")


def read_lesson() -> NotebookNode:
    """Read the script as a notebook without outputs; the same text, the same ids."""
    notebook = jupytext.read(LESSON)
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number:02d}"
    return notebook


def run(notebook: NotebookNode) -> None:
    """Run all cells in the root of the repository and clean what they left."""
    client = nbclient.NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(ROOT)}},
        record_timing=False,
        on_cell_start=_announce,
    )
    client.execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = clean(cell.outputs)


def keep_outputs(notebook: NotebookNode, before: NotebookNode) -> None:
    """Take the outputs of an earlier run, cell by cell."""
    old = [cell for cell in before.cells if cell.cell_type == "code"]
    new = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if len(old) != len(new):
        raise SystemExit("The lesson has other cells than the notebook; run it anew.")
    for cell, earlier in zip(new, old, strict=True):
        cell.outputs = earlier.outputs
        cell.execution_count = earlier.execution_count
    notebook.metadata = {**before.metadata, **notebook.metadata}


def clean(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join what was printed, as a terminal shows it at the end; shrink pictures.

    Warnings and notes on standard error are left out: they are about the machine.
    """
    cleaned: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream":
            if output.name != "stdout":
                continue
            if cleaned and cleaned[-1].output_type == "stream":
                cleaned[-1].text += output.text
            else:
                cleaned.append(output)
        elif "image/png" in output.get("data", {}):
            png = base64.b64decode(output.data["image/png"])
            output.data = {"image/png": base64.b64encode(shrink(png)).decode()}
            cleaned.append(output)
        else:
            cleaned.append(output)
    for output in cleaned:
        if output.output_type == "stream":
            output.text = settled(output.text)
    return cleaned


def settled(text: str) -> str:
    """What is left on a terminal of text with colours, returns and backspaces."""
    lines = []
    for line in _ESCAPES.sub("", text).split("\n"):
        shown: list[str] = []
        column = 0
        for character in line:
            if character == "\r":
                column = 0
            elif character == "\b":
                column = max(column - 1, 0)
            else:
                shown[column : column + 1] = character
                column += 1
        lines.append("".join(shown).rstrip())
    return "\n".join(lines)


def shrink(png: bytes) -> bytes:
    """Write a picture with `COLORS` colours, and those of the classes as they are."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    exact = b"".join(bytes.fromhex(info.color[1:]) for info in GARAGE_CLASSES)
    frequent = picture.quantize(COLORS, dither=Image.Dither.NONE).getpalette()
    palette = Image.new("P", (1, 1))
    palette.putpalette([*exact, *WHITE, *(frequent or [])[: 3 * COLORS]])
    small = io.BytesIO()
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(
        small, "png", optimize=True
    )
    return small.getvalue()


def make_page(notebook: NotebookNode) -> str:
    """Write the notebook as Markdown, its pictures as files beside it.

    The text that stands for a picture where it cannot be seen is the ``alt`` of the
    cell that draws it.
    """
    parts = [NOTE]
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "markdown":
            # The page is in docs/, the notebook is not.
            parts.append(cell.source.replace("](../docs/", "]("))
            continue
        parts.append(f"```python\n{cell.source}\n```")
        parts += _outputs(cell, number)
    return "\n\n".join(parts) + "\n"


def _outputs(cell: NotebookNode, number: int) -> Iterator[str]:
    for count, output in enumerate(cell.outputs, start=1):
        if output.output_type == "stream":
            yield f"```text\n{without_middle(output.text).rstrip()}\n```"
        elif "image/png" in output.get("data", {}):
            name = f"{number:02d}-{count}.png"
            (PICTURES / name).write_bytes(base64.b64decode(output.data["image/png"]))
            yield f"![{cell.metadata['alt']}](images/tutorial/{name})"


def without_middle(text: str) -> str:
    """Cut the middle epochs out of a long progress bar."""
    lines = text.split("\n")
    starts = [n for n, line in enumerate(lines) if re.match(r"Epoch \d+/\d+$", line)]
    if len(starts) <= MAX_EPOCHS_SHOWN:
        return text
    first, last = starts[MAX_EPOCHS_SHOWN // 2], starts[-MAX_EPOCHS_SHOWN // 2]
    return "\n".join([*lines[:first], "...", *lines[last:]])


def _announce(cell: NotebookNode, cell_index: int) -> None:
    if cell.cell_type == "code":
        print(f"cell {cell_index + 1}: {cell.source.splitlines()[0]}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
