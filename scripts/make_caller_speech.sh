#!/bin/sh
# Makes the recordings that the demo's caller speaks: 8 kHz mono 16-bit WAV, silence at both ends
# trimmed, -20 dBFS RMS, no dither, so that a second run gives the same bytes.
# Needs espeak-ng and sox. The words stand once more in python/fourwire/demo/speech.py.
set -eu

speech="$(dirname "$0")/../python/fourwire/demo/recordings"
raw="$(mktemp --suffix=.wav)"
trimmed="$(mktemp --suffix=.wav)"
trap 'rm -f "$raw" "$trimmed"' EXIT

speak() { # name, words
    espeak-ng -v en-gb+m3 -s 170 -p 35 -w "$raw" "$2"
    sox -D "$raw" -r 8000 -b 16 -c 1 "$trimmed" \
        gain -6 silence 1 0.01 0.3% reverse silence 1 0.01 0.3% fade 0.01 reverse fade 0.01
    rms="$(sox "$trimmed" -n stats 2>&1 | awk '/^RMS lev dB/ { print $4 }')"
    sox -D "$trimmed" "$speech/$1.wav" gain "$(awk "BEGIN { print -20 - ($rms) }")"
}

mkdir -p "$speech"
speak interruption "Hold on. Before you go on, who am I talking to?"
speak question "And what happens when I interrupt you?"
speak goodbye "All right, thank you. Bye!"
