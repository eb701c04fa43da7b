"""Chatterbox on Modal, for `server: modal` with `api: json`: `modal deploy modal_app.py`.

Requests must carry a proxy token (Modal-Key, Modal-Secret). A machine starts with the first one and is paid until
WARM_SECONDS after the last: say the same in `warmMinutes`.
"""

import modal

from chatterbox_speech import Speech
from speech_app import SpeechApp

GPU = "A10G"
WARM_SECONDS = 60
# Callers that share a machine: their sentences take turns.
CALLERS = 2
# No more machines than this, whatever comes: each costs money.
MOST_MACHINES = 2

image = (
    modal.Image.debian_slim(python_version="3.11")
    .pip_install("chatterbox-tts==0.1.6")
    .env({"HF_HOME": "/models", "CHATTERBOX_VOICES": "/voices"})
    .add_local_python_source("chatterbox_speech", "speech_app")
)
app = modal.App("chatterbox-speech", image=image)
models = modal.Volume.from_name("chatterbox-models", create_if_missing=True)
# `modal volume put chatterbox-voices amy.wav` adds the voice `amy`.
voices = modal.Volume.from_name("chatterbox-voices", create_if_missing=True)


@app.cls(
    gpu=GPU,
    scaledown_window=WARM_SECONDS,
    max_containers=MOST_MACHINES,
    volumes={"/models": models, "/voices": voices},
    timeout=140,
)
@modal.concurrent(max_inputs=CALLERS)
class Chatterbox:
    @modal.enter()
    def load(self) -> None:
        self.speech = Speech()

    @modal.asgi_app(requires_proxy_auth=True)
    def web(self) -> SpeechApp:
        return SpeechApp(self.speech)
