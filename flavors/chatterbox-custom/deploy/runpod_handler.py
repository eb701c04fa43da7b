"""RunPod serverless handler: yields speech as it is made, in the items that `provider: runpod` reads.

Taken: {"text", "voice"?, "language"?, "seed"?, "temperature"?, "exaggeration"?, "cfg_weight"?}, or {"wake": true}, which
loads the model and says nothing. Yielded: {"index", "sample_rate", "audio": base64 of 16-bit samples}, at last
{"index", "done": true, "samples", "machine_ms"}; {"index": 0, "refused": member} in place of all for what will not do.
"""

import base64
import time
from typing import Any, Iterator

import runpod

from chatterbox_speech import Refused, Speech, settings_in, text_in

# An item is at most 1 MB in base64; RunPod passes on no larger one.
MOST_SECONDS = 10
BYTES_PER_SAMPLE = 2

# Loaded with the worker, not with its first job.
speech = Speech()


def handler(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    began = time.monotonic()
    request = job.get("input") or {}
    index = 0
    samples = 0
    try:
        for part in _speech(request):
            yield {"index": index, "sample_rate": speech.sample_rate, "audio": base64.b64encode(part).decode("ascii")}
            index += 1
            samples += len(part) // BYTES_PER_SAMPLE
    except Refused as refusal:
        yield {"index": index, "refused": refusal.member}
        return
    took = round((time.monotonic() - began) * 1000)
    yield {"index": index, "done": True, "samples": samples, "machine_ms": took}


def _speech(request: dict[str, Any]) -> Iterator[bytes]:
    if request.get("wake") is True:
        return
    # Whoever may send jobs could have any address asked by this machine.
    if request.get("voice_url") is not None:
        raise Refused("voice_url")
    text, voice, settings = text_in(request), speech.voice_file(request.get("voice")), settings_in(request)
    most = MOST_SECONDS * speech.sample_rate * BYTES_PER_SAMPLE
    for wave in speech.speak(text, voice, settings):
        for at in range(0, len(wave), most):
            yield wave[at : at + most]


runpod.serverless.start({"handler": handler})
