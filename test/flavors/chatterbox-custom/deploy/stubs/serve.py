"""Serves the Modal app, or the app of an own host, on loopback by a small HTTP server: its port is the first line out."""

import asyncio
import contextlib
import json
import sys


async def handle(app, reader, writer):
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        writer.close()
        return
    method, target, _ = head[0].split(" ")
    headers = [line.split(": ", 1) for line in head[1:] if line]
    length = int(next((value for name, value in headers if name.lower() == "content-length"), "0"))
    body = await reader.readexactly(length)
    scope = {
        "type": "http",
        "method": method,
        "path": target.split("?")[0],
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
    }
    asked = False

    async def receive():
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}
        with contextlib.suppress(ConnectionError):
            await reader.read(1)
        print(json.dumps({"gone": True}), file=sys.stderr, flush=True)
        return {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.start":
            lines = [f"HTTP/1.1 {message['status']} -", "transfer-encoding: chunked", "connection: close"]
            lines += [f"{name.decode()}: {value.decode()}" for name, value in message["headers"]]
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
            return
        part = message.get("body", b"")
        if part and not writer.is_closing():
            writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            with contextlib.suppress(ConnectionError):
                await writer.drain()
        if not message.get("more_body", False):
            writer.write(b"0\r\n\r\n")

    try:
        await app(scope, receive, send)
    except Exception as error:
        print(json.dumps({"failed": str(error)}), file=sys.stderr, flush=True)
    finally:
        writer.close()


async def main(kind):
    if kind == "modal":
        import modal
        import modal_app

        print(json.dumps({"modal": {"env": modal.settings["env"], "auth": modal.settings["requires_proxy_auth"]}}), file=sys.stderr)
        chatterbox = modal_app.Chatterbox()
        chatterbox.load()
        app = chatterbox.web()
    else:
        import speech_app

        app = speech_app.create()
    server = await asyncio.start_server(lambda reader, writer: handle(app, reader, writer), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(sys.argv[1]))
