"""A speech server for `server: modal` (with `api: json`) and for `provider: openai-speech`, as an ASGI application.

POST {"text", "voice"?, ...} to any path, or OpenAI's {"input", "voice", "response_format"?, "stream_format"?} to
/v1/audio/speech. Answered sentence by sentence: server-sent events, which alone Modal passes on as they are made; or, by
"response_format" or the header field Accept, a WAV whose sizes are 0xFFFFFFFF, or bare 16-bit samples ("pcm").

SPEECH_TOKEN  credentials that requests must carry, as `Authorization: Bearer ...`; default: none, for Modal's proxy
              tokens and for loopback
"""

import asyncio
import base64
import contextlib
import hmac
import json
import os
import struct
from typing import Any, AsyncIterator, Iterator, Mapping

from chatterbox_speech import Refused, Speech, settings_in, text_in

MOST_BODY = 64 * 1024
OPENAI_PATH = "/v1/audio/speech"
TYPES = {"sse": "text/event-stream", "wav": "audio/wav", "pcm": "audio/pcm"}


def wav_header(sample_rate: int) -> bytes:
    """Of a WAV of unknown length: mono, 16 bits."""
    unknown = 0xFFFFFFFF
    sound = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, sample_rate, sample_rate * 2, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", unknown, b"WAVE") + sound + struct.pack("<4sI", b"data", unknown)


def event(content: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(content)}\n\n".encode()


class SpeechApp:
    """ASGI 3. A failure after the first sentence breaks the answer off: its end is never feigned."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._token = os.environ.get("SPEECH_TOKEN", "")

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if not self._admits(headers.get("authorization", "")):
            return await _refuse(send, 401, "credentials are missing or wrong")
        if scope["method"] == "GET" and scope["path"] == "/health":
            return await _json(send, 200, {"status": "ok", "sample_rate": self._speech.sample_rate})
        if scope["method"] != "POST":
            return await _refuse(send, 405, "POST a text")
        body = await _body(receive)
        if body is None:
            return await _refuse(send, 413, "the request is too large")
        try:
            request = json.loads(body)
            if not isinstance(request, dict):
                raise ValueError
        except (ValueError, RecursionError):
            return await _refuse(send, 400, "the body is no JSON object")
        try:
            openai = scope["path"] == OPENAI_PATH
            form = _form(request, headers.get("accept", ""), openai)
            text = text_in(request, "input" if openai else "text")
            voice, settings = self._speech.voice_file(request.get("voice")), settings_in(request)
        except Refused as refusal:
            return await _refuse(send, 422, f"{refusal.member} will not do")
        await self._stream(receive, send, form, self._speech.speak(text, voice, settings))

    def _admits(self, authorization: str) -> bool:
        expected = f"Bearer {self._token}".encode()
        return self._token == "" or hmac.compare_digest(authorization.encode("latin-1"), expected)

    async def _stream(self, receive: Any, send: Any, form: str, waves: Iterator[bytes]) -> None:
        async with _departure(receive) as gone, contextlib.aclosing(_in_thread(waves)) as parts:
            # The status waits for the first sentence: until then a failure can still be told.
            first = await anext(parts, None)
            if first is None:
                return await _refuse(send, 500, "no speech was made")
            await send({"type": "http.response.start", "status": 200, "headers": _headers(form)})
            opening = self._opening(form)
            if opening:
                await _send(send, opening)
            await _send(send, _part(form, first))
            while not gone.done() and (wave := await anext(parts, None)) is not None:
                await _send(send, _part(form, wave))
            if gone.done():
                return
            if form == "sse":
                await _send(send, event({"type": "speech.audio.done"}))
            await send({"type": "http.response.body", "body": b""})

    def _opening(self, form: str) -> bytes:
        rate = self._speech.sample_rate
        if form == "sse":
            return event({"type": "speech.audio.info", "sample_rate": rate, "channels": 1, "bits_per_sample": 16})
        return wav_header(rate) if form == "wav" else b""


def _form(request: Mapping[str, Any], accept: str, openai: bool) -> str:
    if request.get("stream_format") == "sse":
        return "sse"
    form = request.get("response_format")
    if form is None:
        # OpenAI's own default is MP3, which would have to be made first.
        form = "wav" if openai or "audio/wav" in accept else "sse"
    if not isinstance(form, str) or form not in TYPES:
        raise Refused("response_format")
    return form


def _part(form: str, wave: bytes) -> bytes:
    if form != "sse":
        return wave
    return event({"type": "speech.audio.delta", "audio": base64.b64encode(wave).decode("ascii")})


def _headers(form: str) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", TYPES[form].encode()), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]


async def _in_thread(waves: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Makes speech beside the event loop, which goes on answering."""
    end = object()
    try:
        while (wave := await asyncio.to_thread(next, waves, end)) is not end:
            yield wave  # type: ignore[misc]
    finally:
        close = getattr(waves, "close", None)
        if close is not None:
            # A sentence that is being made when the caller has gone cannot be stopped; no further one is begun.
            with contextlib.suppress(ValueError):
                close()


@contextlib.asynccontextmanager
async def _departure(receive: Any) -> AsyncIterator["asyncio.Task[Any]"]:
    """Done when the caller has gone: nothing else comes after the body."""
    gone = asyncio.create_task(receive())
    try:
        yield gone
    finally:
        gone.cancel()


async def _body(receive: Any) -> bytes | None:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > MOST_BODY:
            return None
        if not message.get("more_body", False):
            return body


async def _send(send: Any, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _refuse(send: Any, status: int, message: str) -> None:
    await _json(send, status, {"error": {"message": message}})


async def _json(send: Any, status: int, content: Mapping[str, Any]) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(content).encode()})


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


def create() -> SpeechApp:
    """For `uvicorn --factory speech_app:create`: the port opens when the model is loaded."""
    return SpeechApp(Speech())
