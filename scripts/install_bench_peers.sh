#!/bin/sh
# Installs the voices that the benches send and the engines of Debian that they compare with, where
# that is possible without asking. Without the voices they send synthetic speech.
set -eu

"$(dirname "$0")/install_packages.sh" "The benches send, and compare with," \
    asterisk-core-sounds-en-wav asterisk-core-sounds-fr-wav asterisk-core-sounds-it-wav \
    asterisk-core-sounds-ru-wav asterisk-core-sounds-es-wav asterisk-moh-opsound-wav libspandsp2
