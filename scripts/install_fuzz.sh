#!/bin/sh
# Installs cargo-fuzz, which builds and runs the fuzz targets, where cargo can get it.
set -eu

if cargo fuzz --version >/dev/null 2>&1; then
    exit 0
fi
cargo install --quiet --locked --version 0.13.2 cargo-fuzz ||
    echo "The fuzz targets need cargo-fuzz: cargo install cargo-fuzz" >&2
