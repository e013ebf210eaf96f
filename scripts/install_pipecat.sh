#!/bin/sh
# Installs Pipecat, whose Inworld service converses with the stand-in in the tests, and what serves its
# phone calls in the benches, into an environment of its own: it brings 500 MB along (numba,
# onnxruntime) and pins of its own. Without a package index that test is skipped, but not in CI.
set -eu

venv="$(dirname "$0")/../.venv/pipecat"
wanted="pipecat-ai==1.14.0"

if "$venv/bin/pip" freeze 2>/dev/null | grep -qx "$wanted" && "$venv/bin/python" -c 'import fastapi, uvicorn, uvloop' 2>/dev/null; then
    exit 0
fi
"${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet "pipecat-ai[websocket]${wanted#pipecat-ai}" uvicorn uvloop ||
    echo "A test needs Pipecat: pip install $wanted" >&2
