"""`garage-unet`, the command line: train, segment, inspect and export, without napari.

The exit code is 0 on success, 130 after Ctrl-C, and 2 for wrong options or input, with
one line on standard error. TensorFlow is loaded only by commands that compute, after
their input has been checked.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from napari_garage_unet import __version__
from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.process.protocol.explain import explain_lack_of_memory

from .demo import demo_command
from .export import export_command
from .info import info_command
from .segment import segment_command
from .train import train_command


@click.group(no_args_is_help=False, context_settings={"max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
def commands() -> None:
    """Train U-Nets from painted strokes and segment images with them."""


for command in (
    train_command,
    segment_command,
    info_command,
    export_command,
    demo_command,
):
    commands.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Parameters
    ----------
    arguments
        Arguments after ``garage-unet``; those of the process by default.

    Raises
    ------
    SystemExit
        Always, with the exit code.
    """
    try:
        code = commands.main(
            args=None if arguments is None else list(arguments),
            prog_name="garage-unet",
            standalone_mode=False,
        )
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "garage-unet"
        sys.exit(_fail(f"{error.format_message()} See: {command} --help"))
    except GarageError as error:
        sys.exit(_fail(str(error)))
    except (click.Abort, KeyboardInterrupt):
        _fail("Interrupted.")
        sys.exit(130)
    except Exception as error:
        if not (lack := explain_lack_of_memory(error)):
            raise
        sys.exit(_fail(lack))
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str) -> int:
    """Print a message as one line on standard error and return the exit code 2."""
    click.echo(f"garage-unet: {' '.join(message.split())}", err=True)
    return 2
