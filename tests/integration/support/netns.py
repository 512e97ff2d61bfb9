"""Network namespaces of a test's own: hosts, containers and neighbours, as far as the network knows."""

import os
import subprocess

from .process import Program
from .waiting import wait_until

# Answers each connection with the port it came to and the address it came from.
ANSWERING = """
import selectors, socket, sys
ready = selectors.DefaultSelector()
for one in sys.argv[1:]:
    address, _, port = one.rpartition(":")
    ready.register(socket.create_server((address, int(port))), selectors.EVENT_READ)
print("listening", flush=True)
while True:
    for key, _ in ready.select():
        talk, peer = key.fileobj.accept()
        talk.settimeout(2)
        try:
            talk.recv(4096)
            body = f"{key.fileobj.getsockname()[1]} {peer[0]}"
            talk.sendall(f"HTTP/1.0 200 OK\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n{body}".encode())
        except OSError:
            pass
        talk.close()
"""


class Namespace:
    """It lives as long as the process that holds it."""

    def __init__(self):
        self._holder = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self._path = f"/proc/{self._holder.pid}/ns/net"
        wait_until(lambda: os.readlink(self._path) != os.readlink("/proc/self/ns/net"), "a network namespace")
        self.programs = []

    @property
    def pid(self):
        return self._holder.pid

    def command(self, *arguments):
        return ["nsenter", f"--net={self._path}", "--", *map(str, arguments)]

    def run(self, *arguments, check=True, env=None):
        done = subprocess.run(self.command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=30, check=False, env={**os.environ, **(env or {})})
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done

    def serve(self, folder, *addresses):
        """Listens on each `address:port` and answers every connection."""
        program = Program(f"server-{self.pid}", self.command("/usr/bin/python3", "-c", ANSWERING, *addresses), folder)
        self.programs.append(program.start())
        wait_until(lambda: "listening" in program.log.read_text(), f"servers at {addresses}")

    def fetch(self, url):
        """The page, or None when nothing answers within a second."""
        done = self.run("curl", "-s", "--noproxy", "*", "-m", "1", url, check=False)
        return done.stdout if done.returncode == 0 else None

    def close(self):
        for program in self.programs:
            program.kill9()
        self._holder.stdin.close()
        self._holder.wait(10)


def join(left, left_name, right, right_name):
    """A cable between two namespaces, plugged in at both ends."""
    left.run("ip", "link", "add", left_name, "type", "veth", "peer", "name", right_name, "netns", right.pid)
    left.run("ip", "link", "set", left_name, "up")
    right.run("ip", "link", "set", right_name, "up")
