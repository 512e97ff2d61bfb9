"""A client of the data channel that Amazon's session-manager-plugin speaks, by hand."""

import hashlib
import json
import struct
import urllib.parse
import uuid

from .streams import BINARY, UPGRADE
from .websocket import CLOSE, PING, PONG, WebSocket, frame, read_frame
from .wire import request_bytes

OUTPUT, SIZE, HANDSHAKE, AGREED, COMPLETE = 1, 3, 5, 6, 7
HEAD = struct.Struct(">I32sIQqQ16s32sII")


class Plugin:
    """A session that was granted, opened as the plugin does. It drops the first output, as one that is not ready."""

    def __init__(self, session, token=None):
        url = urllib.parse.urlsplit(session["streamUrl"])
        self._socket = WebSocket(url.port, request_bytes("GET", url.path, {"Host": url.netloc, **UPGRADE}))
        self._stream = self._socket._stream
        self._next = self._expected = 0
        self._ahead = {}
        self.output, self.closed, self.acknowledged, self.dropped = bytearray(), None, set(), 0
        self._socket.send(json.dumps({"MessageSchemaVersion": "1.0", "RequestId": str(uuid.uuid4()),
                                      "TokenValue": token or session["tokenValue"], "ClientId": "c",
                                      "ClientVersion": "1.2.0.0"}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.__exit__()

    def _post(self, kind, sequence, payload_type, payload):
        head = HEAD.pack(116, kind.encode().ljust(32), 1, 1, sequence, 0, uuid.uuid4().bytes,
                         hashlib.sha256(payload).digest(), payload_type, len(payload))
        self._socket.send_bytes(frame(BINARY, head + payload))

    def send(self, payload_type, payload):
        """Sends it; answers its sequence number."""
        self._post("input_stream_data", self._next, payload_type, payload)
        self._next += 1
        return self._next - 1

    def take(self):
        """Takes one message; False at the end of the websocket."""
        got = read_frame(self._stream)
        if got is None:
            return False
        opcode, data = got
        if opcode == CLOSE:
            self._socket.send_bytes(frame(CLOSE, data))
            return False
        if opcode == PING:
            self._socket.send_bytes(frame(PONG, data))
            return True
        length, kind, _, created, sequence, _, _, digest, payload_type, size = HEAD.unpack_from(data)
        payload = data[HEAD.size:]
        assert (length, size) == (116, len(payload)) and created and digest == hashlib.sha256(payload).digest()
        kind = kind.strip(b" \0").decode()
        if kind == "acknowledge":
            self.acknowledged.add(json.loads(payload)["AcknowledgedMessageSequenceNumber"])
        elif kind == "channel_closed":
            self.closed = json.loads(payload)
        else:
            assert kind == "output_stream_data", kind
            self._collect(sequence, payload_type, payload)
        return True

    def _collect(self, sequence, payload_type, payload):
        if payload_type == OUTPUT and not self.dropped:
            self.dropped = sequence
            return
        content = json.dumps({"AcknowledgedMessageType": "output_stream_data", "AcknowledgedMessageId": "",
                              "AcknowledgedMessageSequenceNumber": sequence, "IsSequentialMessage": True})
        self._post("acknowledge", 0, 0, content.encode())
        self._ahead[sequence] = (payload_type, payload)
        while self._expected in self._ahead:
            self._process(*self._ahead.pop(self._expected))
            self._expected += 1

    def _process(self, payload_type, payload):
        if payload_type == HANDSHAKE:
            action, = json.loads(payload)["RequestedClientActions"]
            assert action["ActionParameters"]["SessionType"] == "InteractiveCommands"
            done = {"ActionType": "SessionType", "ActionStatus": 1, "ActionResult": None, "Error": ""}
            self.send(AGREED, json.dumps({"ClientVersion": "1.2.0.0", "ProcessedClientActions": [done],
                                          "Errors": None}).encode())
        elif payload_type == OUTPUT:
            self.output += payload
        else:
            assert payload_type == COMPLETE, payload_type

    def until(self, reached):
        while not reached():
            assert self.take(), f"the session ended: {self.closed}, {bytes(self.output[-200:])!r}"

    def finish(self):
        while self.take():
            pass
        return self
