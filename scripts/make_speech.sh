#!/bin/sh
# Makes the recordings that the local stand-in agent speaks: 16 kHz mono 16-bit WAV, silence at
# both ends trimmed, -20 dBFS RMS, no dither, so that a second run gives the same bytes.
# Needs espeak-ng and sox. The words stand once more in python/fourwire/standin/recordings.py.
set -eu

speech="$(dirname "$0")/../python/fourwire/standin/speech"
raw="$(mktemp --suffix=.wav)"
trimmed="$(mktemp --suffix=.wav)"
trap 'rm -f "$raw" "$trimmed"' EXIT

speak() { # name, words
    espeak-ng -v en-us+f3 -s 165 -p 45 -w "$raw" "$2"
    sox -D "$raw" -r 16000 -b 16 -c 1 "$trimmed" \
        gain -6 silence 1 0.01 0.3% reverse silence 1 0.01 0.3% fade 0.01 reverse fade 0.01
    rms="$(sox "$trimmed" -n stats 2>&1 | awk '/^RMS lev dB/ { print $4 }')"
    sox -D "$trimmed" "$speech/$1.wav" gain "$(awk "BEGIN { print -20 - ($rms) }")"
}

mkdir -p "$speech"
speak greeting "Hi, this is the fourwire stand-in agent. How can I help you today?"
speak answer-1 "Thanks, I heard you. I am a local stand-in, so I only know a few sentences."
speak answer-2 "You can interrupt me at any time. From now on, I repeat whatever you say."
speak goodbye "Thank you for calling. Goodbye!"
speak uh-huh "Uh-huh."
speak filler "One moment, please."
