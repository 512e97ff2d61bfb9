"""A proxy for Docker's unix socket that can be told to misbehave.

Between an agent and its engine, DockerProxy passes everything on until a fault is set:

    with DockerProxy(path, engine.socket) as proxy:
        fault = proxy.fault("POST", START, "hang")
        ...
        fault.lift()

A fault concerns the calls of one method whose path (without the version prefix) matches a pattern. Kinds, with
`forward` saying whether the engine gets the request before the agent sees the fault:

    delay         passes the call after `seconds`
    hang          answers nothing until it is lifted, then passes the call
    cut           closes the connection instead of answering
    cut_middle    closes it in the middle of the answer, of a stream in the middle of the next line
    garbage       answers bytes that are no HTTP
    error         answers 500 with `text`
    truncated     answers 200 with half of a JSON object
    lie           answers what `change` makes of the engine's JSON
    drop          of a stream, loses the lines that match `text`
    stall         of a stream, holds back every line until it is lifted

drop, stall and cut_middle take hold of streams that are open already, too.
"""

import http.client
import json
import re
import socket
import threading

VERSION = re.compile(r"^/v1\.\d+(?=/)")
INSTEAD = ("cut", "garbage", "error", "truncated")
OF_STREAMS = ("drop", "stall", "cut_middle")
OF_ANSWERS = ("delay", "hang", "lie")
LONGEST_SECONDS = 60
# The calls that an agent makes.
INFO = r"/info$"
PING = r"/version$"
LIST = r"/containers/json$"
CREATE = r"/containers/create$"
START = r"/containers/[^/]+/start$"
STOP = r"/containers/[^/]+/stop$"
INSPECT = r"/containers/[^/]+/json$"
REMOVE = r"/containers/[^/]+$"
PULL = r"/images/create$"
IMAGE = r"/images/.+/json$"
DIGEST = r"/distribution/.+/json$"
EVENTS = r"/events$"


class Fault:
    """One way in which calls go wrong. Lifting it lets everything go on that it holds up."""

    def __init__(self, method, pattern, kind, forward=False, times=None, seconds=1.0, text="", change=None):
        assert kind in INSTEAD + OF_STREAMS + OF_ANSWERS, kind
        self.method = method
        self.pattern = re.compile(pattern)
        self.kind = kind
        self.forward = forward
        self.seconds = seconds
        self.text = text or "the engine is not well"
        self.change = change
        self.hits = 0
        self._left = times
        self._lifted = threading.Event()
        self._lock = threading.Lock()

    def concerns(self, method, path):
        return method == self.method and bool(self.pattern.search(path)) and not self._lifted.is_set()

    def take(self):
        """Counts a call in; False once `times` calls have been."""
        with self._lock:
            if self._left == 0:
                return False
            if self._left is not None:
                self._left -= 1
            self.hits += 1
            return True

    def lift(self):
        self._lifted.set()

    def wait_lifted(self, seconds=LONGEST_SECONDS):
        self._lifted.wait(seconds)


class _Upstream(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("docker")
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


def ask(engine_socket, target):
    """The JSON that the engine answers to a GET, without a proxy and without the time that the `docker` CLI takes.

    None where it knows of no such thing: what a list showed may be removed before it is looked at.
    """
    engine = _Upstream(engine_socket)
    try:
        engine.request("GET", target)
        answer = engine.getresponse()
        content = json.loads(answer.read())
        assert answer.status in (200, 404), content
        return content if answer.status == 200 else None
    finally:
        engine.close()


class _Cut(Exception):
    """The connection to the agent is to be closed."""


class _Connection:
    """One connection of the agent, on a thread of its own."""

    def __init__(self, proxy, client):
        self.proxy = proxy
        self.client = client
        self.upstream = _Upstream(proxy.engine_socket)
        self.streams = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def close(self):
        for peer in (self.client, self.upstream.sock):
            try:
                if peer:
                    peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _run(self):
        try:
            with self.client.makefile("rb") as stream:
                while request := self._read_request(stream):
                    self._serve(*request)
        except (_Cut, OSError, http.client.HTTPException, ValueError, AttributeError):
            pass  # Whichever side ended it, the other is to see an end, too.
        finally:
            self.close()
            self.client.close()
            self.upstream.close()

    @staticmethod
    def _read_request(stream):
        words = stream.readline().decode().split()
        if len(words) < 2:
            return None
        headers = {}
        while line := stream.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return words[0], words[1], headers, stream.read(int(headers.get("content-length", 0)))

    def _serve(self, method, target, headers, body):
        path = VERSION.sub("", target.partition("?")[0])
        fault = self.proxy.fault_for(method, path)
        kind = fault.kind if fault else "pass"
        self.proxy.note(method, path, kind)
        if kind == "delay":
            fault.wait_lifted(fault.seconds)
        if kind == "hang" and not fault.forward:
            fault.wait_lifted()
        if kind in INSTEAD and not fault.forward:
            self._instead(fault)
        self.upstream.request(method, target, body=body or None, headers=headers)
        answer = self.upstream.getresponse()
        if kind in INSTEAD or (kind == "hang" and fault.forward):
            self._after(fault, answer)
        elif kind == "lie":
            content = json.dumps(fault.change(json.loads(answer.read()))).encode()
            self._say(answer.status, content)
            raise _Cut
        elif answer.chunked:
            self._stream(method, path, answer)
        else:
            self._answer(answer, answer.read(), half=kind == "cut_middle")

    def _after(self, fault, answer):
        """The engine has done what it was asked to; the agent is not to learn how that ended."""
        content = answer.read()
        if fault.kind != "hang":
            self._instead(fault)
        fault.wait_lifted()
        self._answer(answer, content)

    def _instead(self, fault):
        if fault.kind == "garbage":
            self.client.sendall(b"\x00\xff\x13garbage instead of HTTP\r\n\r\n\x80")
        elif fault.kind == "error":
            self._say(500, b'{"message":"%s"}' % fault.text.encode())
        elif fault.kind == "truncated":
            self._say(200, b'{"Id":"0123456789abcdef","State":{"Status":"exi')
        raise _Cut

    def _say(self, status, content):
        head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n" \
               "Connection: close\r\n\r\n"
        self.client.sendall(head.encode() + content)

    def _answer(self, answer, content, half=False):
        lines = [f"HTTP/1.1 {answer.status} {answer.reason}",
                 *(f"{name}: {value}" for name, value in answer.getheaders() if name.lower() != "content-length")]
        if answer.status not in (204, 304):
            lines.append(f"Content-Length: {len(content)}")
        data = "\r\n".join([*lines, "", ""]).encode() + content
        if half:
            self.client.sendall(data[:-max(1, len(content) // 2)])
            raise _Cut
        self.client.sendall(data)

    def _stream(self, method, path, answer):
        """A body of unknown length, line by line, each through whatever fault there is at that time."""
        lines = [f"HTTP/1.1 {answer.status} {answer.reason}", *(f"{name}: {value}" for name, value in
                                                               answer.getheaders()), "", ""]
        self.client.sendall("\r\n".join(lines).encode())
        self.streams = (method, path)
        while line := answer.readline():
            fault = self.proxy.fault_for(method, path, OF_STREAMS)
            if fault and fault.kind == "drop" and re.search(fault.text, line.decode(errors="replace")):
                continue
            if fault and fault.kind == "stall":
                fault.wait_lifted()
            if fault and fault.kind == "cut_middle":
                self._chunk(line[:len(line) // 2])
                raise _Cut
            self._chunk(line)
        self.client.sendall(b"0\r\n\r\n")
        self.streams = None

    def _chunk(self, data):
        self.client.sendall(b"%x\r\n%s\r\n" % (len(data), data))


class DockerProxy:
    """Listens at `socket_path` for one engine. `calls` has (method, path, what was done with it), in order."""

    # What a task is said to wait for while it hangs.
    held_at = "waits for the runtime, to create"

    def __init__(self, socket_path, engine_socket):
        self.socket = socket_path
        self.engine_socket = engine_socket
        self.calls = []
        self._faults = []
        self._connections = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._listener.bind(str(self.socket))
        self._listener.listen(64)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.heal()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        for one in self._connections:
            one.close()
        for one in self._connections:
            one.thread.join(10)

    def fault(self, method, pattern, kind, **options):
        one = Fault(method, pattern, kind, **options)
        self._faults.append(one)
        return one

    def hang(self):
        """No call that concerns containers or the engine itself is answered."""
        for method, pattern in (("POST", CREATE), ("POST", START), ("GET", INSPECT), ("GET", LIST), ("GET", INFO),
                                ("GET", PING)):
            self.fault(method, pattern, "hang")

    def held(self):
        """How many calls have come since it hangs."""
        return sum(one.hits for one in self._faults if one.kind == "hang")

    def cut(self):
        self.cut_streams()

    def heal(self):
        """Back to normal: every fault is lifted."""
        for one in self._faults:
            one.lift()
        self._faults = []

    def cut_streams(self, pattern=EVENTS):
        """Closes the streams that are open, as an engine that restarts does."""
        for one in list(self._connections):
            if one.streams and re.search(pattern, one.streams[1]):
                one.close()

    def streams(self, pattern=EVENTS):
        """How many are open."""
        return sum(1 for one in list(self._connections)
                   if one.thread.is_alive() and one.streams and re.search(pattern, one.streams[1]))

    def fault_for(self, method, path, kinds=None):
        for one in list(self._faults):
            # What takes hold of the lines of a stream leaves the call that opens it alone.
            fits = one.kind in kinds if kinds else one.kind not in ("drop", "stall")
            if fits and one.concerns(method, path) and one.take():
                return one
        return None

    def note(self, method, path, what):
        self.calls.append((method, path, what))

    def count(self, method, pattern):
        return sum(1 for one in list(self.calls) if one[0] == method and re.search(pattern, one[1]))

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(_Connection(self, client))
