#!/bin/sh
# Installs the software that the tests call (SIP phones, an instruction counter), where that is
# possible without asking.
set -eu

packages="sip-tester baresip-core valgrind"

missing=""
command -v sipp >/dev/null || missing="yes"
command -v baresip >/dev/null || missing="yes"
command -v valgrind >/dev/null || missing="yes"
if [ -z "$missing" ]; then
    exit 0
fi

if ! command -v apt-get >/dev/null; then
    echo "Some tests need SIPp, baresip and valgrind: install them and they will run." >&2
    exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "Some tests need these packages: sudo apt-get install $packages" >&2
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086  # a list of words is meant
$as_root apt-get install -y -qq --no-install-recommends $packages >/dev/null
