"""Chatterbox as speech that comes sentence by sentence: what the hosts in this folder have in common.

Needs `chatterbox-tts`; nothing is loaded before `Speech` is made. Settings come from the environment:

CHATTERBOX_MODEL   turbo (default; English, acts [laugh] and the like), original, multilingual
CHATTERBOX_DEVICE  cuda, mps or cpu; default: the first of them that is there
CHATTERBOX_VOICES  folder of recordings, each more than 5 s: `amy.wav` is the voice `amy`
"""

import array
import importlib
import inspect
import os
import re
import sys
import threading
from typing import Any, Iterator, Mapping, Optional

MODELS = {
    "turbo": ("chatterbox.tts_turbo", "ChatterboxTurboTTS"),
    "original": ("chatterbox.tts", "ChatterboxTTS"),
    "multilingual": ("chatterbox.mtl_tts", "ChatterboxMultilingualTTS"),
}

TURBO_FILES = "ResembleAI/chatterbox-turbo"

# Turbo has these in its signature and does nothing with them but complain.
NOT_OF_TURBO = ("exaggeration", "cfg_weight")

MOST_CHARACTERS = 3_000
# A sentence longer than this is cut at a comma or blank: Chatterbox grows unsure in long ones.
LONGEST_PIECE = 300
# Short sentences are spoken together up to this, the first one alone: it is waited for.
USUAL_PIECE = 160

NUMBERS = {
    "temperature": (0.05, 5.0),
    "exaggeration": (0.0, 2.0),
    "cfg_weight": (0.0, 1.0),
    "seed": (0, 2**31 - 1),
}


class Refused(Exception):
    """A request that will not do. `member` names what is wrong with it."""

    def __init__(self, member: str) -> None:
        super().__init__(member)
        self.member = member


def pieces(text: str) -> list[str]:
    """Sentences of a text, short ones together, none longer than Chatterbox likes."""
    sentences = [part for part in re.split(r"(?<=[.!?…])\s+", text.strip()) if part]
    cut = [piece for sentence in sentences for piece in _cut(sentence)]
    packed: list[str] = []
    for index, piece in enumerate(cut):
        if index > 1 and len(packed[-1]) + 1 + len(piece) <= USUAL_PIECE:
            packed[-1] += " " + piece
        else:
            packed.append(piece)
    return packed


def _cut(sentence: str) -> list[str]:
    parts = []
    while len(sentence) > LONGEST_PIECE:
        head = sentence[:LONGEST_PIECE]
        at = max(head.rfind(", "), head.rfind("; "), head.rfind(": ")) + 1
        if at < LONGEST_PIECE // 3:
            at = head.rfind(" ")
        if at <= 0:
            at = LONGEST_PIECE
        parts.append(sentence[:at].strip())
        sentence = sentence[at:].strip()
    return parts + [sentence]


def samples_of(wave: Any) -> bytes:
    """A tensor of floats, -1 to 1, as 16-bit samples, little-endian."""
    values = wave.flatten().tolist()
    samples = array.array("h", (int(max(-1.0, min(1.0, value)) * 32767) for value in values))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def settings_in(request: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers and language of a request. Raises Refused for what is none."""
    settings: dict[str, Any] = {}
    for member, (least, most) in NUMBERS.items():
        value = request.get(member)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
            raise Refused(member)
        settings[member] = value
    language = request.get("language")
    if language is not None:
        if not isinstance(language, str) or not re.fullmatch(r"[a-z]{2,3}", language):
            raise Refused("language")
        settings["language"] = language
    return settings


def text_in(request: Mapping[str, Any], member: str = "text") -> str:
    """The text of a request. Raises Refused where there is nothing to say, or too much."""
    text = request.get(member)
    if not isinstance(text, str) or not text.strip() or len(text) > MOST_CHARACTERS:
        raise Refused(member)
    return text


class Speech:
    """The loaded model. One sentence is made at a time; who comes meanwhile waits for that one alone."""

    def __init__(self) -> None:
        self._name = os.environ.get("CHATTERBOX_MODEL", "turbo")
        if self._name not in MODELS:
            raise ValueError(f"CHATTERBOX_MODEL is one of {', '.join(MODELS)}")
        module, kind = MODELS[self._name]
        device = os.environ.get("CHATTERBOX_DEVICE") or _device()
        self._model = _load(getattr(importlib.import_module(module), kind), self._name, device)
        self._takes = set(inspect.signature(self._model.generate).parameters)
        self._voices = os.environ.get("CHATTERBOX_VOICES", "voices")
        # The voice that is built in; a recording takes its place until another voice is asked for.
        self._built_in = getattr(self._model, "conds", None)
        self._voice: Optional[str] = None
        self._turn = threading.Lock()
        self.sample_rate: int = int(self._model.sr)

    def voice_file(self, voice: Optional[str]) -> Optional[str]:
        """The recording of a voice, None for the one that is built in. Raises Refused where there is none."""
        if voice is None or voice in ("", "default"):
            return None
        # A name, never a path: it comes from elsewhere.
        if not isinstance(voice, str) or not re.fullmatch(r"\w[\w -]{0,99}(?:\.wav)?", voice):
            raise Refused("voice")
        file = os.path.join(self._voices, voice.removesuffix(".wav") + ".wav")
        if not os.path.isfile(file):
            raise Refused("voice")
        return file

    def speak(self, text: str, voice_file: Optional[str], settings: Mapping[str, Any]) -> Iterator[bytes]:
        """Samples of each piece as soon as it is made. Ending the iteration early makes no more."""
        for index, piece in enumerate(pieces(text)):
            with self._turn:
                wave = self._generate(piece, voice_file, settings, index)
            yield samples_of(wave)

    def _generate(self, piece: str, voice_file: Optional[str], settings: Mapping[str, Any], index: int) -> Any:
        known = {name: value for name, value in settings.items() if name in self._takes}
        if self._name == "turbo":
            known = {name: value for name, value in known.items() if name not in NOT_OF_TURBO}
        if "language_id" in self._takes:
            known["language_id"] = settings.get("language", "en")
        if voice_file != self._voice:
            # Listening to a recording takes time: once, not for each piece. Should it fail, no voice is known to be loaded.
            self._voice = ""
            if voice_file is None:
                self._model.conds = self._built_in
            else:
                known["audio_prompt_path"] = voice_file
        seed = settings.get("seed")
        if seed:
            importlib.import_module("torch").manual_seed(seed + index)
        wave = self._model.generate(piece, **known)
        self._voice = voice_file
        return wave


def _load(model: Any, name: str, device: str) -> Any:
    if name != "turbo" or os.environ.get("HF_TOKEN"):
        return model.from_pretrained(device=device)
    # The files are free for all, but Turbo's from_pretrained insists on a token.
    hub = importlib.import_module("huggingface_hub")
    kinds = ["*.safetensors", "*.json", "*.txt", "*.pt", "*.model"]
    return model.from_local(hub.snapshot_download(repo_id=TURBO_FILES, allow_patterns=kinds), device)


def _device() -> str:
    torch = importlib.import_module("torch")
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
