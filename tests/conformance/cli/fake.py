"""A controller by script: commands, logs and jobs as docs/exec.md and docs/jobs.md have them, and answers of the API."""

import base64
import hashlib
import http.server
import json
import threading

STDIN, STDOUT, STDERR, RESIZE, EXIT, ERROR, OPEN, KEEPALIVE, STARTED = range(9)
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TASK = "0123456789abcdef0123456789abcdef"


class Stream:
    """The server's side of a websocket: whole, unmasked messages out; masked ones in."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer

    def receive(self):
        """(channel, payload); None once the client has closed."""
        head = self._reader.read(2)
        if len(head) < 2 or head[0] & 0x0F == 8:
            return None
        length = head[1] & 0x7F
        if length >= 126:
            length = int.from_bytes(self._reader.read(2 if length == 126 else 8), "big")
        mask = self._reader.read(4)
        body = bytes(byte ^ mask[place % 4] for place, byte in enumerate(self._reader.read(length)))
        assert head[0] == 0x82, "whole and binary"
        return body[0], body[1:]

    def send(self, channel, payload=b""):
        body = bytes([channel]) + payload
        assert len(body) < 126
        self._writer.write(bytes([0x82, len(body)]) + body)
        self._writer.flush()

    def close(self):
        self._writer.write(b"\x88\x02\x03\xe8")
        self._writer.flush()


class Fake:
    """`talk(stream)` plays the agent of a command; `answers` are the bodies by method and path, or by operation of
    the API, in order; the last one stays."""

    def __init__(self, talk=None, answers=None):
        self.asked = []  # (method, target, body), and the operations of the API
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def _body(self):
                return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()

            def _answer(self, text, kind="application/json"):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def _upgrade(self):
                key = hashlib.sha1(self.headers["Sec-WebSocket-Key"].encode() + MAGIC).digest()
                self.send_response(101)
                self.send_header("Upgrade", "websocket")
                self.send_header("Connection", "Upgrade")
                self.send_header("Sec-WebSocket-Accept", base64.b64encode(key).decode())
                self.end_headers()
                stream = Stream(self.rfile, self.wfile)
                talk(stream)
                stream.close()
                self.rfile.read(8)
                self.close_connection = True

            def _serve(self):
                body = self._body()
                path = self.path.partition("?")[0]
                if self.path.startswith("/v1/exec/"):
                    return self._upgrade()
                if self.command == "POST" and path == "/":
                    operation = self.headers["X-Amz-Target"].partition(".")[2]
                    fake.asked.append((operation, json.loads(body)))
                    if operation != "ExecuteCommand":
                        return self._next(operation)
                    return self._answer(json.dumps({"session": {
                        "sessionId": "S1", "tokenValue": "token", "streamUrl": f"ws://127.0.0.1:{fake.port}/v1/exec/S1"}}))
                fake.asked.append((self.command, self.path, body))
                return self._next(f"{self.command} {path}")

            def _next(self, name):
                queue = answers[name]
                return self._answer(queue.pop(0) if len(queue) > 1 else queue[0])

            do_GET = do_POST = do_PUT = do_DELETE = _serve

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self):
        return {"PATH": "/usr/bin:/bin", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}"}
