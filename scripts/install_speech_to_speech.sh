#!/bin/sh
# Installs Hugging Face's speech-to-speech, a realtime server that `make interop-ai` talks with, into an
# environment of its own. It runs on the processor and offline, but brings 6 GB along: torch is only to be
# had with what it wants for a graphics card.
set -eu

venv="$(dirname "$0")/../.venv/speech-to-speech"
wanted="speech-to-speech==1.1.0"

if "$venv/bin/pip" freeze 2>/dev/null | grep -qx "$wanted"; then
    exit 0
fi
"${PYTHON:-python3}" -m venv "$venv"
# Without its dependencies: they are for models in whose place the tests put recordings.
"$venv/bin/pip" install --quiet torch fastapi huggingface-hub jsonschema librosa==0.11.0 \
    lingua-language-detector nltk onnxruntime openai==2.28.0 pillow pyyaml requests rich scipy soundfile \
    soxr "transformers>=5.18,<6" uvicorn websockets httpx
"$venv/bin/pip" install --quiet --no-deps silero-vad "$wanted"
