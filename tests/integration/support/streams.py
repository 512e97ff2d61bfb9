"""Clients of docs/exec.md: a command in a container, and what containers have written."""

import json
import socket
import urllib.parse
import uuid

from .websocket import CLOSE, PING, PONG, WebSocket, frame, read_frame
from .wire import Key, exchange, read_head, request_bytes

STDIN, STDOUT, STDERR, RESIZE, EXIT, ERROR, OPEN, KEEPALIVE, STARTED, LINES = range(10)
BINARY = 2
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


def grant(berth, task, command, **more):
    """ExecuteCommand's answer. A blank at the end makes two equal calls of one second two."""
    return berth.ecs.execute_command(task=task, command=command + " " * (uuid.uuid4().int % 500), interactive=True,
                                     **more)


class Exec:
    """A session that was granted, opened."""

    def __init__(self, session, token=None, opening=True, **wanted):
        url = urllib.parse.urlsplit(session["streamUrl"])
        self._socket = WebSocket(url.port, request_bytes("GET", url.path, {"Host": url.netloc, **UPGRADE}))
        self._stream = self._socket._stream
        self._peer = self._socket._peer
        self.stdout, self.stderr = bytearray(), bytearray()
        self.exit_code = self.error = self.close_code = None
        self.started = False
        if opening:
            self.send(OPEN, json.dumps({"token": token or session["tokenValue"], **wanted}).encode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.__exit__()

    def send(self, channel, payload=b""):
        self._socket.send_bytes(frame(BINARY, bytes([channel]) + payload))

    def resize(self, columns, rows):
        self.send(RESIZE, json.dumps({"columns": columns, "rows": rows}).encode())

    def take(self, seconds=20):
        """Takes one message; False at the end of the websocket."""
        self._peer.settimeout(seconds)
        got = read_frame(self._stream)
        if got is None:
            return False
        opcode, payload = got
        if opcode == PING:
            self._socket.send_bytes(frame(PONG, payload))
        elif opcode == CLOSE:
            self.close_code = int.from_bytes(payload[:2], "big") if payload else 1005
            self._socket.send_bytes(frame(CLOSE, payload))
            return False
        else:
            assert opcode == BINARY, (opcode, payload)
            self._note(payload[0], payload[1:])
        return True

    def _note(self, channel, payload):
        if channel == STDOUT:
            self.stdout += payload
        elif channel == STDERR:
            self.stderr += payload
        elif channel == STARTED:
            self.started = True
        elif channel == EXIT:
            self.exit_code = json.loads(payload)["exitCode"]
        elif channel == ERROR:
            self.error = json.loads(payload)
        else:
            assert channel == KEEPALIVE, channel

    def until(self, reached, seconds=20):
        """Takes messages until the condition holds."""
        while not reached():
            assert self.take(seconds), f"the session ended: {self}"
        return self

    def __str__(self):
        return (f"exit {self.exit_code}, error {self.error}, close {self.close_code}, {len(self.stdout)} bytes of stdout: "
                f"{self.stdout[-200:]!r}, stderr {self.stderr[-200:]!r}")

    def finish(self, seconds=20):
        while self.take(seconds):
            pass
        return self


def run(berth, task, command, stdin=None, container=None, **wanted):
    """Runs a command to its end; stdin is the whole of its input."""
    more = {"container": container} if container else {}
    session = grant(berth, task, command, **more)["session"]
    with Exec(session, **({"stdin": True} if stdin is not None else {}), **wanted) as client:
        if stdin is not None:
            for at in range(0, len(stdin), 60000):
                client.send(STDIN, stdin[at:at + 60000])
            client.send(STDIN)
        return client.finish()


def signed(controller, target):
    host = f"127.0.0.1:{controller.port}"
    return request_bytes("GET", target, Key.read(controller.credentials_file).sign("GET", target, {"Host": host}))


def logs_target(query):
    return "/v1/logs?" + urllib.parse.urlencode(sorted(query.items()))


def refused_logs(berth, **query):
    """(status, exception, message)."""
    answer = exchange(berth.controller.port, signed(berth.controller, logs_target(query)))
    return (answer.status, *answer.error)


class Logs:
    """An answer of /v1/logs, read line by line."""

    def __init__(self, berth, **query):
        port = berth.controller.port
        self._peer = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._peer.sendall(signed(berth.controller, logs_target(query)))
        self._stream = self._peer.makefile("rb")
        status, self.headers = read_head(self._stream)
        assert " 200 " in status, (status, self._stream.read(int(self.headers.get("content-length", 0))))
        self._text = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stream.close()
        self._peer.close()

    def next(self):
        """The next line as a dict; None at the end."""
        while True:
            line, end, rest = self._text.partition(b"\n")
            if end:
                self._text = rest
                if line:
                    return json.loads(line)
                continue
            size = int(self._stream.readline(), 16)
            self._text += self._stream.read(size)
            self._stream.readline()
            if size == 0:
                assert not self._text, self._text
                return None

    def all(self):
        out = []
        while (line := self.next()) is not None:
            out.append(line)
        return out


def resized_terminal(session, first):
    """A shell in a terminal of 120 by 40, then of 77 by 33, that exits with 5; it says `first` at the first size."""
    with Exec(session, tty=True, stdin=True, columns=120, rows=40) as client:
        client.until(lambda: client.stdout)
        # A runtime may set the first size once the shell runs, which may be a moment later.
        until = "while [ \"$(stty size 2>&1)\" != '%s' ]; do sleep 0.1; done; echo fi''ts %s $TERM\r"
        client.send(STDIN, (until % ("40 120", "first")).encode())
        client.until(lambda: first in client.stdout)
        client.resize(77, 33)
        client.send(STDIN, (until % ("33 77", "second")).encode())
        client.until(lambda: b"fits second" in client.stdout)
        client.send(STDIN, b"exit 5\r")
        client.finish()
    return client
