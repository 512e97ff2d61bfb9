"""A TCP relay between an agent and its controller that notes when which bytes came by."""

import selectors
import socket
import threading
import time

CHUNK = 65536
TEXT_FRAMES = (0x81, 0x82)


def unmasked(data):
    """A chunk of a client's websocket frames as what they say, where it holds whole ones; anything else as it is."""
    said, at = b"", 0
    while at + 6 <= len(data) and data[at] in TEXT_FRAMES and data[at + 1] & 0x80:
        size, head = data[at + 1] & 0x7F, at + 2
        if size >= 126:
            more = 2 if size == 126 else 8
            size, head = int.from_bytes(data[head:head + more], "big"), head + more
        mask, body = data[head:head + 4], data[head + 4:head + 4 + size]
        said += bytes(byte ^ mask[index % 4] for index, byte in enumerate(body))
        at = head + 4 + size
    return said + data[at:]


class Tap:
    """Agents that are given its port as their controller stay behind it: endpoints go by the Host header.

    Both ways are relayed by one thread, so that the order of the notes is the order of the bytes.
    """

    def __init__(self, port):
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._wake, self._stop = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        self._open = []
        self._notes = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.send(b"x")
        self._thread.join(10)
        self._selector.close()
        for one in [self._listener, self._wake, self._stop, *self._open]:
            one.close()

    def forget(self):
        self._notes = []

    def when(self, way, *parts):
        """Monotonic seconds of the first chunk going `up` or `down` that holds all parts, or None."""
        wanted = [part.encode() for part in parts]
        return next((at for at, its_way, data, _ in list(self._notes)
                     if its_way == way and all(part in data for part in wanted)), None)

    def answered(self, request, answer):
        """When a connection that asked for request was first told answer, or None."""
        asked = set()
        for at, way, data, connection in list(self._notes):
            if way == "up" and request.encode() in data:
                asked.add(connection)
            if way == "down" and connection in asked and answer.encode() in data:
                return at
        return None

    def _run(self):
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                key.data(key.fileobj)

    def _accept(self, _):
        client, _ = self._listener.accept()
        server = socket.create_connection(("127.0.0.1", self._target))
        for source, sink, way in ((client, server, "up"), (server, client, "down")):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.append(source)
            self._selector.register(source, selectors.EVENT_READ,
                                    lambda source, sink=sink, way=way: self._relay(source, sink, way, client))

    def _relay(self, source, sink, way, connection):
        try:
            data = source.recv(CHUNK)
            now = time.monotonic()
            self._notes.append((now, way, unmasked(data) if way == "up" else data, connection))
            if data:
                sink.sendall(data)
                return
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self._selector.unregister(source)
