#!/usr/bin/env bash
# Install Debian packages when we may; otherwise print the exact line and stop.
# Usage: scripts/apt-install.sh REASON PACKAGE...
set -euo pipefail

reason=$1
shift

if ! command -v apt-get >/dev/null; then
    echo "$reason needs what Debian calls: $*" >&2
    echo "This is not Debian or Ubuntu; please install them with your system's package manager." >&2
    exit 1
fi

if [ "$(id -u)" -eq 0 ]; then
    as_root=(env)
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo env)
else
    echo "$reason needs system packages that only root can install. Please run this line, then try again:" >&2
    echo >&2
    echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends $*" >&2
    echo >&2
    exit 1
fi

echo "Installing for $reason: $*"
# A broken third-party source must not stop us: whether the packages are to be had,
# the installation itself will tell.
"${as_root[@]}" apt-get update -qq </dev/null ||
    echo "apt-get update complained; going on with the lists that are there." >&2
"${as_root[@]}" DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
