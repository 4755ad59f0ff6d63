#!/usr/bin/env bash
# See that the system libraries of Qt and OpenGL and a virtual display are there.
#
# What counts is whether a library or program can be found, not which package brought
# it, so this is quick, works on any Linux, and asks apt for what is missing only.
set -euo pipefail

# macOS and Windows bring OpenGL and a display; Qt's wheels bring the rest.
[ "$(uname -s)" = Linux ] || exit 0

cd "$(dirname "$0")/.."
# ldconfig lives in /sbin, which is not on everybody's PATH.
known_libraries=$(PATH="$PATH:/usr/sbin:/sbin" ldconfig -p)

# Debian's name of the package, and the library it is needed for.
libraries="
libgl1              libGL.so.1
libegl1             libEGL.so.1
libopengl0          libOpenGL.so.0
libglib2.0-0        libglib-2.0.so.0
libfontconfig1      libfontconfig.so.1
libdbus-1-3         libdbus-1.so.3
libxkbcommon-x11-0  libxkbcommon-x11.so.0
libxcb-cursor0      libxcb-cursor.so.0
libxcb-icccm4       libxcb-icccm.so.4
libxcb-image0       libxcb-image.so.0
libxcb-keysyms1     libxcb-keysyms.so.1
libxcb-randr0       libxcb-randr.so.0
libxcb-render-util0 libxcb-render-util.so.0
libxcb-shape0       libxcb-shape.so.0
libxcb-xinerama0    libxcb-xinerama.so.0
"
# Debian's name of the package, and the program it is needed for.
programs="
xvfb    xvfb-run
xauth   xauth
xdotool xdotool
"

missing=()
while read -r package library; do
    [ -n "$package" ] || continue
    [[ $known_libraries == *"$library "* ]] || missing+=("$package")
done <<<"$libraries"
while read -r package program; do
    [ -n "$package" ] || continue
    command -v "$program" >/dev/null || missing+=("$package")
done <<<"$programs"
# Mesa's drivers are loaded by path, so the list of libraries does not know them.
compgen -G '/usr/lib*/dri/*_dri.so' >/dev/null ||
    compgen -G '/usr/lib/*/dri/*_dri.so' >/dev/null ||
    missing+=(libgl1-mesa-dri)

[ ${#missing[@]} -eq 0 ] || scripts/apt-install.sh "napari's window" "${missing[@]}"
