#!/usr/bin/env bash
# Run a command where it can open windows.
# Usage: scripts/with-display.sh [--virtual] COMMAND...
#
# On Linux without a display, or with --virtual (tests shall not pop up on somebody's
# desktop), that is a virtual display of 1600 x 1000; the command then finds
# GARAGE_UNET_UNATTENDED=1 and knows that nobody is looking.
set -euo pipefail

virtual=no
if [ "${1:-}" = --virtual ]; then
    virtual=yes
    shift
fi
if [ "$(uname -s)" = Linux ] &&
    { [ $virtual = yes ] || [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; }; then
    unset WAYLAND_DISPLAY
    export GARAGE_UNET_UNATTENDED=1 QT_QPA_PLATFORM=xcb
    exec xvfb-run -a -s "-screen 0 1600x1000x24" "$@"
fi
exec "$@"
