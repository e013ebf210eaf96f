#!/bin/sh
# Installs Debian's packages where that is possible without asking, and says who wants them where it
# is not: scripts/install_packages.sh WHO PACKAGE …
set -eu

who="$1"
shift

if dpkg -s "$@" >/dev/null 2>&1; then
    exit 0
fi

if ! command -v apt-get >/dev/null; then
    echo "$who what Debian has in these packages: $*" >&2
    exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "$who these packages: sudo apt-get install $*" >&2
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
$as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
