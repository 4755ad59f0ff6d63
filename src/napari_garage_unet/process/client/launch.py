"""How the engine process is started.

It is a Python of its own that runs a module of this package. (A multiprocessing spawn
would run the person's own script again when that has no ``__main__`` guard.)
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

MODULE = "napari_garage_unet.process.server.main"


def engine_command() -> list[str]:
    """Command line of the engine process, without the address to connect to.

    Raises
    ------
    EngineError
        If no Python can be found to run it with.
    """
    # -P: a file of the folder napari was started in, say random.py, must not be
    # taken for a library. faulthandler: a crash leaves its place in the log.
    return [python_executable(), "-P", "-X", "faulthandler", "-m", MODULE]


def python_executable() -> str:
    """Find the Python that has the packages of this process.

    `sys.executable` may be a windowless Python or a launcher that is no Python at
    all, so its neighbours are tried too.

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
    """Start a process that no key press in the viewer's terminal reaches.

    Its standard output and error come out of ``stdout``.

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
    """Make a package that is not in a site folder importable there too."""
    environment = dict(os.environ)
    root = str(Path(__file__).resolve().parents[3])
    installed = [*site.getsitepackages(), site.getusersitepackages()]
    if root not in {str(Path(folder).resolve()) for folder in installed}:
        given = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join([given, root] if given else [root])
    return environment
