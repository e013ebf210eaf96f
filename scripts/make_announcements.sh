#!/bin/sh
# Makes what a caller hears when the agent fails: an apology in a synthetic voice, and hold audio of
# two soft notes every four seconds. 8 kHz mono 16-bit WAV, no dither, so that a second run gives the
# same bytes. Needs espeak-ng and sox; what espeak-ng speaks is free of its licence.
# The words stand once more in python/fourwire/announcement.py.
set -eu

audio="$(dirname "$0")/../python/fourwire/audio"
raw="$(mktemp --suffix=.wav)"
trimmed="$(mktemp --suffix=.wav)"
trap 'rm -f "$raw" "$trimmed"' EXIT

mkdir -p "$audio"
espeak-ng -v en-us+f3 -s 155 -p 45 -w "$raw" \
    "I am sorry, we have a technical problem. Please call again a little later."
sox -D "$raw" -r 8000 -b 16 -c 1 "$trimmed" \
    gain -6 silence 1 0.01 0.3% reverse silence 1 0.01 0.3% fade 0.01 reverse fade 0.01
rms="$(sox "$trimmed" -n stats 2>&1 | awk '/^RMS lev dB/ { print $4 }')"
sox -D "$trimmed" "$audio/apology.wav" gain "$(awk "BEGIN { print -20 - ($rms) }")" pad 0.2 0.2

note() { # file, hertz
    sox -D -n -r 8000 -b 16 -c 1 "$1" synth 0.4 sine "$2" gain -24 fade q 0.04 0.4 0.3
}
note "$raw" 440
note "$trimmed" 554.365
sox -D "$raw" "$trimmed" "$audio/hold.wav" pad 0.1 3.1
