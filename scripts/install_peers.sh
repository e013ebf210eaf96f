#!/bin/sh
# Installs the software that the tests call (SIP phones, a proxy and a relay, sound tools, an instruction
# counter), where that is possible without asking.
set -eu

# Whoever has them from elsewhere needs no package.
if command -v sipp >/dev/null && command -v baresip >/dev/null && command -v valgrind >/dev/null \
    && command -v kamailio >/dev/null && command -v rtpengine >/dev/null && command -v linphonec >/dev/null \
    && command -v sox >/dev/null && command -v flac >/dev/null; then
    exit 0
fi
"$(dirname "$0")/install_packages.sh" "Some tests need" sip-tester baresip-core valgrind \
    kamailio kamailio-extra-modules rtpengine-daemon linphone-cli sox flac
