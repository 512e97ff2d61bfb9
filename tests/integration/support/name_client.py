"""A client of a service that is found by its name in DNS."""

import threading
import time
import urllib.request

from .played_agent import ask_servers


class NameClient(threading.Thread):
    """Resolves and calls every 50 ms, and keeps who answered and what went wrong. Like a client that keeps an
    answer for its TTL, it calls whom it was told of up to a second ago."""

    TTL = 1.0

    def __init__(self, port, name):
        """`port` of the DNS server on loopback, `name` of the SRV records."""
        super().__init__(daemon=True)
        self.port = port
        self.name_asked = name
        self.answered = []
        self.errors = []
        self.over = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join(20)

    def run(self):
        known, since, turn = [], 0.0, 0
        while not self.over.wait(0.05):
            try:
                if time.monotonic() - since >= self.TTL:
                    known, since = sorted(ask_servers(self.port, self.name_asked)), time.monotonic()
                address, port = known[turn % len(known)]
                turn += 1
                with urllib.request.urlopen(f"http://{address}:{port}/", timeout=5) as reply:
                    self.answered.append(reply.read().decode())
            except Exception as error:  # noqa: BLE001: whatever a client sees
                self.errors.append(repr(error))
