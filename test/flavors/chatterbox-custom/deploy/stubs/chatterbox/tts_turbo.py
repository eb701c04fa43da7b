"""In place of the model: a tone as long as the text, whose loudness tells which voice and seed it was made with."""

import json
import math
import os
import sys

RATE = 24_000
# What was said since somebody looked.
said = []


class Wave:
    def __init__(self, values):
        self._values = values

    def flatten(self):
        return self

    def tolist(self):
        return self._values


class ChatterboxTurboTTS:
    sr = RATE
    conds = "built in"

    @classmethod
    def from_local(cls, path, device):
        print(f"loaded {path} {device}", file=sys.stderr)
        return cls()

    def generate(self, text, temperature=0.8, exaggeration=0.5, cfg_weight=0.5, audio_prompt_path=None):
        if "[break]" in text:
            raise RuntimeError("out of memory")
        if audio_prompt_path is not None:
            self.conds = os.path.basename(audio_prompt_path)
        said.append({"text": text, "temperature": temperature, "exaggeration": exaggeration, "voice": self.conds})
        print(json.dumps({"said": said[-1]}), file=sys.stderr, flush=True)
        count = len(text) * RATE // (20 if "[slow]" in text else 50)
        # Beyond 1 where it is loudest: a model may do that, and it must not wrap around.
        return Wave([1.2 * math.sin(index / 20) for index in range(count)])
