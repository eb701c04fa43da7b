#!/bin/sh
# Chatterbox on a Mac with Apple silicon, on 127.0.0.1:8004. Needs Python 3.11; what it installs goes to ./venv.
set -eu
cd "$(dirname "$0")"
if [ ! -d venv ]; then
  python3.11 -m venv venv
  venv/bin/pip install chatterbox-tts==0.1.6 'uvicorn>=0.30,<1'
fi
# What MPS cannot do yet is done by the CPU.
export PYTORCH_ENABLE_MPS_FALLBACK=1 CHATTERBOX_DEVICE="${CHATTERBOX_DEVICE:-mps}"
exec venv/bin/uvicorn --factory speech_app:create --host 127.0.0.1 --port 8004 --no-access-log
