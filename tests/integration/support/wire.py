"""Requests as bytes on a socket, signed by hand: what no AWS client would send can be sent too."""

import configparser
import datetime
import hashlib
import hmac
import json
import socket
import urllib.parse

from .berth import REGION

TARGET = "AmazonEC2ContainerServiceV20141113"
UNSIGNED = ("accept-encoding", "authorization", "connection", "upgrade", "user-agent")


class Key:
    """An access key. Signs like AWS's Go SDK does, which Amazon's agent uses."""

    def __init__(self, key_id, secret):
        self.key_id = key_id
        self.secret = secret

    @classmethod
    def read(cls, file):
        profile = configparser.ConfigParser()
        profile.read(file)
        return cls(profile["default"]["aws_access_key_id"], profile["default"]["aws_secret_access_key"])

    def sign(self, method, target, headers, body=b"", when=None, service="ecs"):
        """The headers with date and Authorization; `when` is a UTC datetime, now if not given."""
        when = when or datetime.datetime.now(datetime.timezone.utc)
        headers = {**headers, "X-Amz-Date": when.strftime("%Y%m%dT%H%M%SZ")}
        scope = f"{when:%Y%m%d}/{REGION}/{service}/aws4_request"
        path, _, query = target.partition("?")
        # The SDK signs blanks of the query as %20, and sends them as '+'.
        pairs = sorted((urllib.parse.quote(name, safe="-_.~"), urllib.parse.quote(value, safe="-_.~"))
                       for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True))
        lowered = sorted((name.lower(), value.strip()) for name, value in headers.items()
                         if name.lower() not in UNSIGNED and not name.lower().startswith("sec-websocket"))
        names = ";".join(name for name, _ in lowered)
        canonical = "\n".join([method, path, "&".join("=".join(pair) for pair in pairs),
                               *(f"{name}:{value}" for name, value in lowered), "", names,
                               hashlib.sha256(body).hexdigest()])
        text = "\n".join(["AWS4-HMAC-SHA256", headers["X-Amz-Date"], scope,
                          hashlib.sha256(canonical.encode()).hexdigest()])
        key = f"AWS4{self.secret}".encode()
        for part in [*scope.split("/"), text]:
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return {**headers, "Authorization": f"AWS4-HMAC-SHA256 Credential={self.key_id}/{scope}, "
                                            f"SignedHeaders={names}, Signature={key.hex()}"}


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        """(error name, message) of an AWS error."""
        return self.json["__type"].rpartition("#")[2], self.json.get("message", "")


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def request_bytes(method, target, headers, body=b""):
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body


def read_head(stream):
    """(first line, headers by lower-case name) of a message at a binary file."""
    first = stream.readline().decode().strip()
    headers = {}
    while line := stream.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return first, headers


def read_message(stream):
    """(first line, headers, body) of a message whose length is given by Content-Length."""
    first, headers = read_head(stream)
    return first, headers, stream.read(int(headers.get("content-length", 0)))


def exchange(port, data):
    """Sends bytes and reads one answer."""
    with connect(port) as peer:
        peer.sendall(data)
        with peer.makefile("rb") as stream:
            first, headers, body = read_message(stream)
    return Answer(int(first.split()[1]), headers, body)


def call_bytes(port, key, operation, body, when=None, prefix=TARGET):
    """The bytes of a signed call; body is an object or, for what is not JSON, bytes."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Host": f"127.0.0.1:{port}", "Content-Length": str(len(body)),
               "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{prefix}.{operation}"}
    return request_bytes("POST", "/", key.sign("POST", "/", headers, body, when), body)


def call(port, key, operation, body, **options):
    return exchange(port, call_bytes(port, key, operation, body, **options))
