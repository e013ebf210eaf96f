#!/bin/sh
# Feeds the fuzz targets of rust/fuzz: scripts/fuzz.sh smoke | SECONDS | runs=N [TARGET …]
#
# "smoke" goes once through the committed corpus and then through a fixed number of further inputs,
# the same ones every time; runs=N does the same with N of them, or with as many as AT_MOST seconds
# let a target have; a number of seconds searches for that long and keeps what it finds in out/fuzz.
# Every finding ends the run, and is written to rust/fuzz/artifacts. With OPUS=1 packets of Opus are
# among what is fed, which takes CMake; with SANITIZER=address memory is watched.
set -eu
cd "$(dirname "$0")/.."

fuzz="rust/fuzz"
how="$1"
shift
features=""
anew=""
left_out="opus.rs"
if [ -n "${OPUS:-}" ]; then
    features="--features opus"
    left_out=""
fi
targets="${*:-$(ls -I "$left_out" "$fuzz/fuzz_targets" | sed 's/\.rs$//')}"

# libFuzzer's flags are for nightly compilers, unless they are asked for like this.
export RUSTC_BOOTSTRAP=1

if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "Not fuzzed: cargo-fuzz is not installed (scripts/install_fuzz.sh)." >&2
    [ -z "${CI:-}" ]
    exit
fi

if [ "$how" = "smoke" ]; then
    effort="-seed=1 -runs=2000"
    kept="out/fuzz/smoke"
    anew="yes"
elif [ "$how" != "${how#runs=}" ]; then
    effort="-seed=1 -runs=${how#runs=} -max_total_time=${AT_MOST:-0}"
    kept="out/fuzz/runs"
    anew="yes"
else
    effort="-max_total_time=$how"
    kept="out/fuzz"
fi

built="--fuzz-dir $fuzz --release --sanitizer ${SANITIZER:-none} --codegen-units 16 $features"
if [ "$#" != 1 ]; then
    # All at once: one after the other, as they run, would leave processors idle.
    mkdir -p out/fuzz
    # shellcheck disable=SC2086  # lists of words are meant
    cargo fuzz build $built >out/fuzz/build.log 2>&1 || { cat out/fuzz/build.log >&2; exit 1; }
fi

for target in $targets; do
    found="$kept/$target"
    log="$found.log"
    [ -z "$anew" ] || rm -rf "$found"
    mkdir -p "$found"
    dictionary="$fuzz/dictionaries/$target.dict"
    [ ! -e "$dictionary" ] && dictionary="" || dictionary="-dict=$dictionary"
    # shellcheck disable=SC2086  # lists of words are meant
    if ! cargo fuzz run $built "$target" "$found" "$fuzz/corpus/$target" -- \
        $effort $dictionary -max_len=4096 -timeout=20 -rss_limit_mb=1024 >"$log" 2>&1; then
        cat "$log" >&2
        exit 1
    fi
    packets="$(sed -n 's/^packets: //p' "$log" | tail -n 1)"
    echo "$target: $(sed -n "s/^#\\([0-9]*\\)[[:space:]]*DONE */\\1 inputs, ${packets:+$packets packets, }/p" "$log")"
done
