"""Websocket frames (RFC 6455) by hand: a client for tests that play the agent, a reader for recorded bytes."""

import json
import os
import socket
import struct
import time

from .waiting import TimedOut
from .wire import Answer, connect, read_head

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def frame(opcode, payload, masked=True):
    length = len(payload)
    head = bytes([0x80 | opcode])
    flag = 0x80 if masked else 0
    if length < 126:
        head += bytes([flag | length])
    elif length < 1 << 16:
        head += bytes([flag | 126]) + struct.pack(">H", length)
    else:
        head += bytes([flag | 127]) + struct.pack(">Q", length)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + _masked(payload, mask)


def _masked(payload, mask):
    return bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def read_frame(stream):
    """(opcode, payload) of the next frame of a binary file; None at its end or in the middle of a frame."""
    head = stream.read(2)
    if len(head) < 2:
        return None
    assert head[0] & 0xF0 == 0x80, f"fragmented or with an extension: {head!r}"
    length = head[1] & 0x7F
    if length >= 126:
        size, form = (2, ">H") if length == 126 else (8, ">Q")
        more = stream.read(size)
        if len(more) < size:
            return None
        length, = struct.unpack(form, more)
    mask = stream.read(4) if head[1] & 0x80 else None
    payload = stream.read(length)
    if len(payload) < length:
        return None
    return head[0] & 0x0F, _masked(payload, mask) if mask else payload


class Refused(AssertionError):
    """The server answered an upgrade with something else."""

    def __init__(self, answer):
        super().__init__(f"{answer.status} {answer.body!r}")
        self.answer = answer


class WebSocket:
    """A session opened with the given bytes of an upgrade request."""

    def __init__(self, port, upgrade):
        self._peer = connect(port)
        self._peer.sendall(upgrade)
        self._stream = self._peer.makefile("rb")
        self.status, self.headers = read_head(self._stream)
        if " 101 " not in self.status:
            body = self._stream.read(int(self.headers["content-length"]))
            self.__exit__()
            raise Refused(Answer(int(self.status.split()[1]), self.headers, body))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stream.close()
        self._peer.close()

    def shutdown(self):
        """Ends a receive() that waits in another thread, too."""
        try:
            self._peer.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def send(self, text):
        self.send_bytes(frame(TEXT, text.encode()))

    def send_bytes(self, data):
        self._peer.sendall(data)

    def receive(self, kind, seconds=10):
        """The `message` of the next envelope of this type, and the types that came before it."""
        deadline = time.monotonic() + seconds
        before = []
        while (left := deadline - time.monotonic()) > 0:
            self._peer.settimeout(left)
            try:
                got = read_frame(self._stream)
            except TimeoutError:
                break
            assert got is not None, f"the session ended while waiting for {kind}, after {before}"
            opcode, payload = got
            if opcode == PING:
                self._peer.sendall(frame(PONG, payload))
            elif opcode == CLOSE:
                raise AssertionError(f"closed while waiting for {kind}: {payload!r}")
            elif opcode == TEXT:
                envelope = json.loads(payload)
                assert set(envelope) == {"type", "message"}
                if envelope["type"] == kind:
                    return envelope["message"], before
                before.append(envelope["type"])
        raise TimedOut(f"no {kind} within {seconds} s, only {before}")
