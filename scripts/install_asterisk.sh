#!/bin/sh
# Unpacks Asterisk with all that it needs, C library included, into a folder of its own, and puts a
# command `asterisk` beside it. Debian has no Asterisk in its stable releases, so it comes from sid;
# nothing of the machine is touched, and nobody has to be root. Where that cannot be done the tests
# that call Asterisk are skipped, but not in CI.
set -eu

home="${FOURWIRE_ASTERISK:-${XDG_CACHE_HOME:-$HOME/.cache}/fourwire/asterisk}"

wanted() { "$home/asterisk" -V 2>/dev/null | grep -q '^Asterisk 2[2-9]'; }

give_up() {
    echo "Some tests need Asterisk 22, unpacked in $home: $1" >&2
    exit 0
}

unpack() {
    keys=/usr/share/keyrings/debian-archive-keyring.gpg
    mirror="$(apt-get indextargets --no-release-info --format '$(REPO_URI)' 2>/dev/null |
        grep '/debian/*$' | head -n 1)"
    [ -n "$mirror" ] && [ -r "$keys" ] || give_up "apt-get knows no mirror of Debian here"
    apt="$home/apt"
    mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/preferences.d"
    : >"$apt/status"
    echo "deb [signed-by=$keys] $mirror sid main" >"$apt/sources.list"
    set -- -qq -o Dir::State="$apt" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt" \
        -o Dir::Etc="$apt" -o Dir::Etc::sourceparts=/dev/null -o APT::Install-Recommends=false \
        -o Debug::NoLocking=true
    apt-get "$@" update || give_up "$mirror has no sid"
    apt-get "$@" --download-only -y install asterisk || give_up "$mirror does not give it"
    for package in "$apt"/archives/*.deb; do
        dpkg-deb -x "$package" "$home"
    done
    rm -r "$apt"
}

write_command() {
    mkdir -p "$home"
    cat >"$home/asterisk" <<'END'
#!/bin/sh
# Asterisk with the C library that it was built with.
root="$(dirname "$(readlink -f "$0")")"
libraries="$(echo "$root"/usr/lib/*-linux-gnu)"
exec "$libraries"/ld-linux-*.so.* --inhibit-cache --library-path "$libraries" \
    "$root/usr/sbin/asterisk" "$@"
END
    chmod +x "$home/asterisk"
}

if wanted; then
    exit 0
fi
write_command
wanted || unpack
wanted || give_up "what is there does not run: $("$home/asterisk" -V 2>&1 | head -n 1)"
