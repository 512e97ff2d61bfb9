"""Plays Amazon's agent, byte for byte as recorded in tests/data/witness.

What differs from run to run is a {{placeholder}} in the files: names of this run, dates, signatures. Line ends of
heads are CRLF on the wire.
"""

import pathlib
import urllib.parse
import uuid

from .waiting import wait_until
from .websocket import Refused, WebSocket
from .wire import Key, exchange

DATA = pathlib.Path(__file__).parents[2] / "data/witness"
CLUSTER = "witness"


class Witness:
    """Plays the recorded agent against a controller."""

    def __init__(self, controller):
        self.port = controller.port
        self.host = f"127.0.0.1:{controller.port}"
        self.key = Key.read(controller.credentials_file)
        self.cluster_arn = f"arn:aws:ecs:us-east-1:000000000000:cluster/{CLUSTER}"
        self.instance = None

    def fill(self, text, **values):
        values = {"host": self.host, "instance": self.instance or "", **values}
        for name, value in values.items():
            text = text.replace("{{" + name.replace("_", " ") + "}}", value)
        return text

    def request(self, name, **values):
        """The bytes of a recorded request: filled in, dated, signed."""
        head, _, body = self.fill((DATA / f"{name}.http").read_text(), **values).partition("\n\n")
        body = body.rstrip("\n").encode()
        first, *lines = head.replace("{{length}}", str(len(body))).split("\n")
        method, target, _ = first.split()
        signed = self.key.sign(method, target, dict(line.split(": ", 1) for line in lines), body)
        head = "\r\n".join([first, *(f"{header}: {value}" for header, value in signed.items()), "", ""])
        assert "{{" not in head and b"{{" not in body
        return head.encode() + body

    def call(self, name, **values):
        answer = exchange(self.port, self.request(name, **values))
        assert answer.status == 200, answer.body
        assert answer.headers["content-type"] == "application/x-amz-json-1.1"
        assert answer.headers["x-amzn-requestid"]
        return answer.json

    def register(self, **values):
        one = self.call("register", client_token=str(uuid.uuid4()), **values)["containerInstance"]
        self.instance = one["containerInstanceArn"]
        return one

    def open(self, channel, send_credentials="true"):
        endpoints = self.call("discover_poll_endpoint")
        endpoint = endpoints["endpoint" if channel == "acs" else "telemetryEndpoint"]
        assert endpoint.startswith(f"http://{self.host}")
        path = urllib.parse.urlparse(endpoint).path

        def opened():
            try:
                return WebSocket(self.port, self.upgrade(channel, path, send_credentials))
            except Refused as refused:
                # Two upgrades within one second have one signature, so the second is a replay: agents try again.
                assert refused.answer.status == 503 and "signature may have been served" in refused.answer.body.decode()
                return None

        return wait_until(opened, f"a session on {channel}")

    def upgrade(self, channel, path, send_credentials="true"):
        return self.request(f"{channel}_upgrade", path=path, send_credentials=send_credentials,
                            escaped_instance=urllib.parse.quote_plus(self.instance))

    def say(self, socket, name, **values):
        socket.send(self.fill((DATA / f"{name}.txt").read_text().rstrip("\n"), **values))

    def ack(self, socket, message):
        self.say(socket, "ack_request", cluster=message["clusterArn"], message_id=message["messageId"])

    def publish(self, socket, name, **values):
        """A TCS frame: the head of a signed GET, whose body is the envelope, then the envelope."""
        _, _, body = self.fill((DATA / f"{name}.txt").read_text(), **values).partition("\n\n")
        body = body.rstrip("\n")
        head = self.key.sign("GET", "/v1/tcs/ws", {"Host": self.host}, body.encode())
        lines = "".join(f"{header}: {head[header]}\r\n" for header in sorted(head))
        socket.send(f"{lines}\r\n{body}")
