"""A proxy for a unix socket that knows nothing of what is said, and can hold it up or break it off.

Between an agent and its containerd: `hang()` takes new connections and passes nothing on until `heal()`, `cut()` ends
those that are open. Calls are one a connection there, so what is open for long is the stream of events.
"""

import contextlib
import selectors
import socket
import threading


class SocketProxy:
    # What a task is said to wait for while it hangs: containerd is asked for the image first.
    held_at = "waits for the registry, to say what the image's name stands for"

    def __init__(self, socket_path, target):
        self.socket = socket_path
        self._target = str(target)
        self._healthy = threading.Event()
        self._healthy.set()
        self._held = 0
        self._pairs = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._listener.bind(str(self.socket))
        self._listener.listen(128)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.heal()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        self.cut()

    def hang(self):
        self._held = 0
        self._healthy.clear()

    def held(self):
        """How many calls have come since it hangs."""
        return self._held

    def heal(self):
        self._healthy.set()

    def cut(self):
        for pair in list(self._pairs):
            for one in pair:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        if not self._healthy.is_set():
            self._held += 1
        self._healthy.wait()
        with client, socket.socket(socket.AF_UNIX) as server:
            try:
                server.connect(self._target)
            except OSError:
                return
            pair = (client, server)
            self._pairs.append(pair)
            with contextlib.suppress(OSError):
                pump(client, server)
            self._pairs.remove(pair)


def pump(client, server):
    """Passes on what either says until one has ended."""
    with selectors.DefaultSelector() as ready:
        ready.register(client, selectors.EVENT_READ, server)
        ready.register(server, selectors.EVENT_READ, client)
        while True:
            for key, _ in ready.select():
                data = key.fileobj.recv(1 << 16)
                if not data:
                    return
                key.data.sendall(data)
