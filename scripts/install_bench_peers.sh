#!/bin/sh
# Installs the voices that the benches send and the engines of Debian that they compare with, where
# that is possible without asking.
set -eu

voices="asterisk-core-sounds-en-wav asterisk-core-sounds-fr-wav asterisk-core-sounds-it-wav asterisk-core-sounds-ru-wav asterisk-core-sounds-es-wav asterisk-moh-opsound-wav"
packages="$voices libspandsp2"

# shellcheck disable=SC2086  # a list of words is meant
if dpkg -s $packages >/dev/null 2>&1; then
    exit 0
fi

if ! command -v apt-get >/dev/null; then
    echo "The benches send the voices of $voices: without them they send synthetic speech." >&2
    exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "The benches send and compare with these packages: sudo apt-get install $packages" >&2
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086  # a list of words is meant
$as_root apt-get install -y -qq --no-install-recommends $packages >/dev/null
