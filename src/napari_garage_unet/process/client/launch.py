"""Starting the engine process.

It is a Python interpreter that runs a module of this package. A process spawned by
`multiprocessing` would run the user's script again if that has no ``__main__`` guard.
"""

from __future__ import annotations

import logging
import os
import site
import subprocess
import sys
from pathlib import Path

from napari_garage_unet.engine.errors import EngineError

logger = logging.getLogger(__name__)

SERVER_MODULE = "napari_garage_unet.process.server.main"


def engine_command() -> list[str]:
    """Return the command line of the engine process, without the address.

    Raises
    ------
    EngineError
        If no Python is found.
    """
    # -P: a file in the folder napari was started in, say random.py, must not be
    # imported in place of a library. faulthandler: a crash leaves its traceback.
    return [python_executable(), "-P", "-X", "faulthandler", "-m", SERVER_MODULE]


def python_executable() -> str:
    """Find the Python that has the packages of this process.

    `sys.executable` may be a Python without a console, or a launcher that is no Python
    at all; then its neighbours are tried.

    Raises
    ------
    EngineError
        If there is none.
    """
    running = Path(sys.executable or "")
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    folders = [running.parent, Path(sys.prefix)]
    if os.name == "nt":
        folders.append(Path(sys.prefix) / "Scripts")
        neighbours = [folder / "python.exe" for folder in folders]
    else:
        folders.append(Path(sys.prefix) / "bin")
        neighbours = [folder / n for folder in folders for n in (name, "python3")]
    stem = running.stem.lower() if os.name == "nt" else running.name.lower()
    if stem.startswith("python") and not stem.startswith("pythonw"):
        neighbours.insert(0, running)
    for candidate in neighbours:
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return str(candidate)
    raise EngineError(
        f"No Python was found beside {sys.executable or sys.prefix} to run the engine "
        "with; start napari from the environment it is installed in."
    )


def start_process(command: list[str]) -> subprocess.Popen[bytes]:
    """Start a process that Ctrl+C in the viewer's terminal does not reach.

    Its standard error goes to ``stdout``, too.

    Raises
    ------
    OSError
        If the system cannot start it.
    """
    if sys.platform == "win32":
        flags = (
            subprocess.CREATE_NO_WINDOW
            | subprocess.CREATE_NEW_PROCESS_GROUP
            | subprocess.BELOW_NORMAL_PRIORITY_CLASS
        )
        new_session = False
    else:
        flags, new_session = 0, True
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        env=_environment(),
        start_new_session=new_session,
        creationflags=flags,
    )


def _environment() -> dict[str, str]:
    """Return the environment in which this package can be imported there, too."""
    environment = dict(os.environ)
    root = str(Path(__file__).resolve().parents[3])
    installed = [*site.getsitepackages(), site.getusersitepackages()]
    if root not in {str(Path(folder).resolve()) for folder in installed}:
        given = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join([given, root] if given else [root])
    return environment
