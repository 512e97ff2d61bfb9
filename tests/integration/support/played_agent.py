"""An agent that is played by hand: what it is sent to run is a small HTTP server on a free port."""

import http.server
import json
import socket
import struct
import threading
import urllib.parse

from .waiting import TimedOut
from .websocket import WebSocket
from .wire import Key, request_bytes

RESOURCES = [{"name": "CPU", "type": "INTEGER", "integerValue": 8192},
             {"name": "MEMORY", "type": "INTEGER", "integerValue": 8192}]
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


class App:
    """Answers each request with its task's id, until it is closed."""

    def __init__(self, task):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = task.encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class PlayedAgent:
    """Registers, runs what it is sent as container port 80 of the container app, and stops it `grace` seconds
    after it was told to: as long as a program goes on serving that was asked to end."""

    def __init__(self, controller, cluster="default", grace=0.0):
        self.controller = controller
        self.cluster = cluster
        self.grace = grace
        self.ecs = controller.client()
        self.arn = self.ecs.register_container_instance(
            cluster=cluster, totalResources=RESOURCES)["containerInstance"]["containerInstanceArn"]
        self.apps = {}
        self.told_to_stop = set()
        self._timers = []
        self._session = None
        self._thread = None

    def __enter__(self):
        return self.join()

    def __exit__(self, *_):
        self.leave()
        for timer in self._timers:
            timer.cancel()
            timer.join()
        for app in self.apps.values():
            app.close()

    def join(self):
        query = urllib.parse.urlencode({"clusterArn": self.cluster, "containerInstanceArn": self.arn, "seqNum": 1})
        target = f"/v1/acs/ws?{query}"
        head = Key.read(self.controller.credentials_file).sign(
            "GET", target, {"Host": f"127.0.0.1:{self.controller.port}"})
        self._session = WebSocket(self.controller.port, request_bytes("GET", target, {**head, **UPGRADE}))
        self._session.receive("TaskManifestMessage")
        self._thread = threading.Thread(target=self._follow, args=(self._session,), daemon=True)
        self._thread.start()
        return self

    def leave(self):
        """Ends the session; what runs goes on."""
        session, self._session = self._session, None
        if session:
            session.shutdown()
            self._thread.join(10)
            session.__exit__()

    def _follow(self, session):
        while self._session is session:
            try:
                payload, _ = session.receive("PayloadMessage")
            except TimedOut:
                continue
            except (AssertionError, OSError, ValueError):
                return
            for task in payload["tasks"]:
                self._take(task)
            session.send(json.dumps({"type": "AckRequest", "message": {
                "messageId": payload["messageId"], "cluster": self.cluster, "containerInstance": self.arn}}))

    def _take(self, task):
        arn = task["arn"]
        if task["desiredStatus"] == "RUNNING" and arn not in self.apps:
            app = self.apps[arn] = App(arn.rpartition("/")[2])
            self.report(arn, "RUNNING", networkBindings=[
                {"bindIP": "0.0.0.0", "containerPort": 80, "hostPort": app.port, "protocol": "tcp"}])
        elif task["desiredStatus"] == "STOPPED" and arn not in self.told_to_stop:
            self.told_to_stop.add(arn)
            timer = threading.Timer(self.grace, self._end, [arn])
            self._timers.append(timer)
            timer.start()

    def _end(self, arn):
        if app := self.apps.pop(arn, None):
            app.close()
        self.report(arn, "STOPPED", exitCode=143)

    def report(self, arn, status, **container):
        self.ecs.submit_task_state_change(cluster=self.cluster, task=arn, status=status, containers=[
            {"containerName": "app", "status": status, **container}])


def ask_servers(port, name, by_tcp=False):
    """The places behind SRV records, {(address, port)}, by a question of DNS made and read by hand; by TCP where UDP has
    no room for all of the answer."""
    question = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"".join(
        bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0" + struct.pack(">HH", 33, 1)
    kind = socket.SOCK_STREAM if by_tcp else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as peer:
        peer.settimeout(5)
        peer.connect(("127.0.0.1", port))
        if by_tcp:
            peer.sendall(struct.pack(">H", len(question)) + question)
            stream = peer.makefile("rb")
            reply = stream.read(struct.unpack(">H", stream.read(2))[0])
        else:
            peer.send(question)
            reply = peer.recv(4096)
    assert reply[:2] == question[:2], reply
    answers, authority, additional = struct.unpack(">HHH", reply[6:12])
    at = len(question)
    servers, addresses = [], {}
    for _ in range(answers + authority + additional):
        owner, at = _name(reply, at)
        kind, _, _, size = struct.unpack(">HHIH", reply[at:at + 10])
        at += 10
        if kind == 33:
            servers.append((_name(reply, at + 6)[0], struct.unpack(">H", reply[at + 4:at + 6])[0]))
        elif kind == 1:
            addresses[owner] = socket.inet_ntoa(reply[at:at + 4])
        at += size
    truncated = reply[2] & 2 or any(target not in addresses for target, _ in servers)
    if truncated and not by_tcp:
        return ask_servers(port, name, by_tcp=True)
    return {(addresses[target], port) for target, port in servers}


def _name(wire, at):
    labels = []
    while wire[at]:
        if wire[at] >= 0xC0:
            rest, _ = _name(wire, struct.unpack(">H", wire[at:at + 2])[0] & 0x3FFF)
            return ".".join([*labels, rest]), at + 2
        labels.append(wire[at + 1:at + 1 + wire[at]].decode())
        at += 1 + wire[at]
    return ".".join(labels), at + 1
