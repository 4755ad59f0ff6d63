#!/usr/bin/env bash
# Make .venv with the pinned versions and this package in it.
#
# PYTHON=/path/to/python chooses the interpreter; otherwise the first of the list that
# runs and is new enough (and not too new for TensorFlow) is taken.
set -euo pipefail
cd "$(dirname "$0")/.."

is_supported='import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])'; }

find_python() {
    local candidate usable_without_venv=""
    for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3 python}; do
        # A name on the PATH may still be a shim that fails, so each one is run.
        "$candidate" -c "$is_supported" 2>/dev/null || continue
        if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            echo "$candidate"
            return
        fi
        usable_without_venv=${usable_without_venv:-$candidate}
    done
    # Debian keeps ensurepip in a package of its own; the caller installs it.
    echo "$usable_without_venv"
}

if [ -x .venv/bin/python ] && .venv/bin/python -c "$is_supported" 2>/dev/null &&
    .venv/bin/python -m pip --version >/dev/null 2>&1; then
    echo "Bringing .venv up to date."
else
    python=$(find_python)
    if [ -z "$python" ]; then
        found=$(${PYTHON:-python3} --version 2>/dev/null || echo "no Python")
        echo "napari-garage-unet needs Python 3.11, 3.12 or 3.13 (TensorFlow has no wheel for 3.14), and found $found." >&2
        echo "Install one of them, for example with: sudo apt-get install python3.11 python3.11-venv" >&2
        echo "or name one: make setup PYTHON=/path/to/python3.12" >&2
        exit 1
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        scripts/apt-install.sh "the virtual environment" "python$(version_of "$python")-venv"
    fi
    echo "Making .venv with $("$python" --version)."
    rm -rf .venv
    "$python" -m venv .venv
fi

pip=(.venv/bin/python -m pip --disable-pip-version-check --no-input)
# pip first: installing a dependency group needs one of 2025 or later.
"${pip[@]}" install --quiet --upgrade --constraint constraints.txt pip
echo "Installing the pinned versions; the first time this takes some minutes."
"${pip[@]}" install --quiet --constraint constraints.txt --editable ".[export]" --group dev
