"""A TCP relay in front of a controller that keeps what agents say through it."""

import io
import json
import re
import socket
import threading

from .websocket import TEXT, read_frame
from .wire import connect, read_head

OFFER = re.compile(rb"Berth-Extensions: [^\r]*\r\n")


class Connection:
    """One relayed connection; keeps the bytes that the client sent."""

    def __init__(self, client, port):
        self.client = client
        self.server = connect(port)
        self.server.settimeout(None)
        self.said = bytearray()
        self.threads = [threading.Thread(target=self._relay, args=pair, daemon=True) for pair in (
            (client, self.server, self.said), (self.server, client, None))]
        for thread in self.threads:
            thread.start()

    def _relay(self, source, sink, kept):
        try:
            self._pass_on(source, sink, kept)
        except OSError:
            pass
        for peer in (source, sink):
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _pass_on(self, source, sink, kept):
        while data := source.recv(65536):
            if kept is not None:
                kept += data
            sink.sendall(data)

    def close(self):
        for peer in (self.client, self.server):
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(10)
        self.client.close()
        self.server.close()


class Unextended(Connection):
    """Amazon's service as far as extensions go: an agent's offer of some means nothing to it."""

    def _pass_on(self, source, sink, kept):
        if kept is None:
            return super()._pass_on(source, sink, kept)
        while data := source.recv(65536):
            kept += data
            sink.sendall(OFFER.sub(b"", data))
        return None


class Recorder:
    """As the controller's URL goes by the Host header, sessions come through the relay as well."""

    def __init__(self, port, connection=Connection):
        self._target = port
        self._connection = connection
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._connections = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        for one in self._connections:
            one.close()

    def _connected(self, client):
        return self._connection(client, self._target)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                self._connections.append(self._connected(client))
            except OSError:
                client.close()  # the controller is away

    def _heads(self):
        """(first line, headers, stream after the head) of every request, connection after connection."""
        for connection in list(self._connections):
            stream = io.BytesIO(bytes(connection.said))
            while True:
                first, headers = read_head(stream)
                if not first:
                    break
                yield first, headers, stream

    def requests(self):
        """(operation, body) of every call, in order within a connection."""
        found = []
        for _, headers, stream in self._heads():
            if "x-amz-target" in headers:
                body = json.loads(stream.read(int(headers["content-length"])))
                found.append((headers["x-amz-target"].rpartition(".")[2], body))
            else:
                stream.read()
        return found

    def upgrades(self, channel):
        """(target, headers) of the websocket requests to `acs` or `tcs`."""
        return [found[:2] for found in self._sessions(channel)]

    def frames(self, channel):
        """Texts of the frames that the agent sent on all its sessions."""
        texts = []
        for _, _, stream in self._sessions(channel):
            while frame := read_frame(stream):
                if frame[0] == TEXT:
                    texts.append(frame[1].decode())
        return texts

    def reports(self, arn):
        """The states of a task that an agent told: those of its command sessions, then those of calls."""
        messages = (json.loads(text) for text in self.frames("acs"))
        told = [report["input"] for one in messages if one["type"] == "BerthReports"
                for report in one["message"]["reports"]]
        told += [body for operation, body in self.requests() if operation == "SubmitTaskStateChange"]
        return [body["status"] for body in told if body["task"] == arn]

    def _sessions(self, channel):
        found = []
        for first, headers, stream in self._heads():
            if headers.get("upgrade", "").lower() == "websocket":
                rest = io.BytesIO(stream.read())
                if f"/{channel}/" in first:
                    found.append((first.split()[1], headers, rest))
            else:
                stream.read(int(headers.get("content-length", 0)))
        return found
