"""A registry whose images and whose faults a test makes up, over HTTP with ranges.

Faults are rules: `registry.fault(part, what, times)` does `what` to the next `times` GETs with `part` in their path.
    cut(N)          ends the connection after N bytes of the body
    stall(N)        sends N bytes of the body, and then nothing
    trickle(N)      sends the body in pieces of N bytes, ten a second
    busy(SECONDS)   429 with Retry-After
    wrong()         other bytes than the digest says, and as many
    short(N)        has N bytes of it only
"""

import collections
import gzip
import hashlib
import io
import json
import re
import subprocess
import tarfile
import threading
import urllib.parse

from .http_server import HttpServer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
PAUSE_SECONDS = 0.1

Fault = collections.namedtuple("Fault", "kind value")


def digest(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def cut(count):
    return Fault("cut", count)


def stall(count):
    return Fault("stall", count)


def trickle(count):
    return Fault("trickle", count)


def busy(seconds):
    return Fault("busy", seconds)


def wrong():
    return Fault("wrong", 0)


def short(count):
    return Fault("short", count)


class Layer:
    def __init__(self, plain, packing="gzip"):
        self.diff_id = digest(plain)
        self.media_type = LAYER if packing == "plain" else f"{LAYER}+{packing}"
        if packing == "gzip":
            self.data = gzip.compress(plain, compresslevel=1, mtime=0)
        elif packing == "zstd":
            self.data = subprocess.run(["zstd", "-c", "-1"], input=plain, capture_output=True, check=True).stdout
        else:
            self.data = plain

    @property
    def digest(self):
        return digest(self.data)


def archive(*entries):
    """A tar archive of (name, changes of TarInfo, content)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, changes, content in entries:
            entry = tarfile.TarInfo(name)
            entry.mtime = 1_600_000_000
            entry.mode = 0o644
            for key, value in changes.items():
                setattr(entry, key, value)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def layer_of(content, name="content", packing="plain"):
    return Layer(archive((name, {}, content)), packing)


class FaultyRegistry(HttpServer):
    def __init__(self, ranges=True, host="127.0.0.1"):
        super().__init__(host)
        self.ranges = ranges
        self.token_uses = None      # how many requests a token is good for; None: none is asked for
        self.tokens = 0             # given so far
        self.requests = []          # (method, path, range)
        self.sent = 0               # bytes of blobs
        self.loads = []             # whenever a blob begins: sizes of all that are on their way
        self._under_way = []
        self._uses = {}
        self._blobs = {}
        self._manifests = {}
        self._faults = []
        self._lock = threading.Lock()

    def put(self, name, layers, tag="1", platforms=None):
        """Makes an image; with `platforms`, [(os, architecture, variant)], an index of the same image for each."""
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/nothing"]}, "rootfs": {
            "type": "layers", "diff_ids": [layer.diff_id for layer in layers]}}).encode()
        body = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "size": len(config), "digest": digest(config)},
            "layers": [{"mediaType": layer.media_type, "size": len(layer.data), "digest": layer.digest}
                       for layer in layers]}).encode()
        for data in (config, *(layer.data for layer in layers)):
            self._blobs[digest(data)] = data
        self._manifests[name, digest(body)] = (MANIFEST, body)
        if platforms:
            body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
                {"mediaType": MANIFEST, "size": len(body), "digest": digest(body) if at == 0 else digest(b"other"),
                 "platform": {"os": system, "architecture": machine, **({"variant": variant} if variant else {})}}
                for at, (system, machine, variant) in enumerate(platforms)]}).encode()
            self._manifests[name, digest(body)] = (INDEX, body)
        self._manifests[name, tag] = self._manifests[name, digest(body)]
        return f"{self.address}/{name}:{tag}"

    def put_manifest(self, name, kind, body, tag="1"):
        self._manifests[name, tag] = self._manifests[name, digest(body)] = (kind, body)
        return f"{self.address}/{name}:{tag}"

    def fault(self, part, what, times=1):
        with self._lock:
            self._faults.append([part, what, times])

    def asked(self, part):
        with self._lock:
            return [one for one in self.requests if one[0] == "GET" and part in one[1]]

    def _take_fault(self, path):
        with self._lock:
            for rule in self._faults:
                if rule[0] in path and rule[2] > 0:
                    rule[2] -= 1
                    return rule[1]
        return None

    def answer(self, handler, with_body):
        path = urllib.parse.urlsplit(handler.path)
        with self._lock:
            self.requests.append((handler.command, path.path, handler.headers.get("Range")))
        if path.path == "/token":
            return self._token(handler)
        found = re.fullmatch(r"/v2/(.+)/(manifests|blobs)/([^/]+)", path.path)
        if not found:
            return self._send(handler, 404, b"{}", with_body)
        if self.token_uses and not self._may(handler):
            challenge = f'Bearer realm="http://{self.address}/token",service="here",scope="repository:{found[1]}:pull"'
            return self._send(handler, 401, b"{}", with_body, {"WWW-Authenticate": challenge})
        fault = self._take_fault(path.path) if with_body else None
        if fault and fault.kind == "busy":
            return self._send(handler, 429, b'{"errors":[{"code":"TOOMANYREQUESTS","message":"slower"}]}', with_body,
                              {"Retry-After": str(fault.value)})
        if found[2] == "manifests":
            kind, body = self._manifests.get((found[1], found[3]), (None, None))
            if body is None:
                return self._send(handler, 404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no"}]}', with_body)
            return self._send(handler, 200, body, with_body, {"Content-Type": kind, "Docker-Content-Digest": digest(body)})
        data = self._blobs.get(found[3])
        if data is None:
            return self._send(handler, 404, b'{"errors":[{"code":"BLOB_UNKNOWN","message":"no"}]}', with_body)
        return self._blob(handler, data, fault)

    def _token(self, handler):
        with self._lock:
            self.tokens += 1
            token = f"token-{self.tokens}"
            self._uses[token] = 0
        return self._send(handler, 200, json.dumps({"token": token}).encode(), True)

    def _may(self, handler):
        token = (handler.headers.get("Authorization") or "").removeprefix("Bearer ")
        with self._lock:
            if token not in self._uses:
                return False
            self._uses[token] += 1
            return self._uses[token] <= self.token_uses

    def _blob(self, handler, data, fault):
        status, headers = 200, {}
        if fault and fault.kind == "short":
            data = data[:fault.value]
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range") or "")
        if asked and self.ranges:
            first, last = int(asked[1]), min(int(asked[2] or len(data)), len(data) - 1)
            if first >= len(data):
                return self._send(handler, 416, b"", True)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
            status, data = 206, data[first:last + 1]
        if fault and fault.kind == "wrong":
            data = data[:-1] + bytes([data[-1] ^ 1])
        load = [len(data)]
        with self._lock:
            self._under_way.append(load)
            self.loads.append([size for each in self._under_way for size in each])
        try:
            handler.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            self._body(handler, data, fault, load)
        except OSError:
            handler.close_connection = True
        finally:
            load.clear()

    def _body(self, handler, data, fault, load):
        if fault and fault.kind in ("cut", "stall"):
            data = data[:fault.value]
        step = fault.value if fault and fault.kind == "trickle" else 1 << 20
        for at in range(0, len(data), step):
            if at + step >= len(data):
                # Whoever has the last piece may ask for the next blob before this thread goes on.
                load.clear()
            handler.wfile.write(data[at:at + step])
            with self._lock:
                self.sent += len(data[at:at + step])
            if step < 1 << 20 and self._over.wait(PAUSE_SECONDS):
                break
        if fault and fault.kind == "stall":
            self._over.wait()
        if fault and fault.kind in ("cut", "stall", "trickle"):
            handler.close_connection = True

    def _send(self, handler, status, body, with_body, headers=None):
        try:
            handler.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                handler.send_header(name, value)
            handler.end_headers()
            if with_body:
                handler.wfile.write(body)
        except OSError:
            handler.close_connection = True
