"""An image registry that misbehaves as the name of a repository says, and counts what it is asked.

Any repository exists and has one image of one layer with random content, the same for all its tags:
    fine-SIZE/...          serves it; SIZE in bytes of the layer
    many-COUNT/...         the same, its layer being COUNT files of a byte
    slow-SIZE/...          the same over some seconds: a piece, then a pause, until the whole is sent
    stall-SIZE/...         sends half of the layer, and then nothing
    mute/...               never answers when asked for a manifest
    wrong-layer/...        sends other bytes than the layer's digest says
    wrong-manifest/...     the same with the manifest
    busy/...               429 for each manifest
    busy-twice/...         429 for the first two questions, then serves it
    broken/...             500 for each manifest
    denied/...             401 and no way to log in
    absent/...             404 for each manifest

A repository in `logins` wants a name and a password first.
"""

import base64
import gzip
import hashlib
import io
import json
import random
import re
import tarfile
import threading
import urllib.parse

from .http_server import HttpServer

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
PIECES = 20
PAUSE_SECONDS = 0.1
DEFAULT_SIZE = 100_000


def digest(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Image:
    def __init__(self, name):
        number = re.match(r"[a-z]+-(\d+)/", name)
        number = int(number.group(1)) if number else DEFAULT_SIZE
        files = {"content": number}
        if name.startswith("many-"):
            files = {f"file-{at}": 1 for at in range(number)}
        content = random.Random(name)
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w") as tar:
            for path, size in files.items():
                entry = tarfile.TarInfo(path)
                entry.size = size
                tar.addfile(entry, io.BytesIO(content.randbytes(size)))
        self.layer = gzip.compress(plain.getvalue(), compresslevel=1, mtime=0)
        self.config = json.dumps({
            "architecture": "amd64", "os": "linux", "config": {"Cmd": ["/content"]},
            "rootfs": {"type": "layers", "diff_ids": [digest(plain.getvalue())]}}).encode()
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "size": len(self.config), "digest": digest(self.config)},
            "layers": [{"mediaType": LAYER, "size": len(self.layer), "digest": digest(self.layer)}]}).encode()

    def blob(self, wanted):
        return next((data for data in (self.layer, self.config) if digest(data) == wanted), None)


class FakeRegistry(HttpServer):
    def __init__(self):
        super().__init__()
        self.logins = {}
        self._images = {}
        self._requests = []
        self._lock = threading.Lock()

    def requests(self, part):
        """Paths of the GET requests so far that contain part; one for a layer also counts as /layer-of/NAME."""
        with self._lock:
            return [path for method, path in self._requests if method == "GET" and part in path]

    def asked(self, name):
        """How often the manifest of a repository was asked for, by whatever method."""
        with self._lock:
            return sum(1 for _, path in self._requests if f"/{name}/manifests/" in path)

    def image(self, name):
        with self._lock:
            if name not in self._images:
                self._images[name] = Image(name)
            return self._images[name]

    def answer(self, handler, with_body):
        path = urllib.parse.urlsplit(handler.path)
        if path.path == "/asked":
            # For programs: how often something was asked for.
            part = urllib.parse.parse_qs(path.query)["part"][0]
            return self._send(handler, 200, str(len(self.requests(part))).encode(), "text/plain", True)
        with self._lock:
            self._requests.append((handler.command, path.path))
        if path.path == "/v2/" and self.logins:
            # Here Docker learns how to log in; it goes on without, where it has nothing to log in with.
            return self._ask_login(handler, with_body)
        if path.path == "/v2/":
            return self._send(handler, 200, b"{}", "application/json", with_body)
        found = re.fullmatch(r"/v2/(.+)/(manifests|blobs)/([^/]+)", path.path)
        if not found:
            return self._refuse(handler, 404, "UNSUPPORTED", "no such page", with_body)
        name, kind, reference = found.groups()
        if name in self.logins and not self._logged_in(handler, self.logins[name]):
            return self._ask_login(handler, with_body)
        behaviour = name.split("/")[0].split("-")[0] if re.match(r"[a-z]+-\d+/", name) else name.split("/")[0]
        if kind == "manifests":
            return self._manifest(handler, name, behaviour, with_body)
        return self._blob(handler, name, behaviour, reference, with_body)

    def _ask_login(self, handler, with_body):
        self._refuse(handler, 401, "UNAUTHORIZED", "authentication required", with_body,
                     {"WWW-Authenticate": 'Basic realm="fake"'})

    @staticmethod
    def _logged_in(handler, login):
        basic = base64.b64encode(":".join(login).encode()).decode()
        return handler.headers.get("Authorization") == f"Basic {basic}"

    def _manifest(self, handler, name, behaviour, with_body):
        refusals = {"busy": (429, "TOOMANYREQUESTS", "you have pulled enough"),
                    "broken": (500, "UNKNOWN", "something is broken"),
                    "denied": (401, "UNAUTHORIZED", "authentication required"),
                    "absent": (404, "MANIFEST_UNKNOWN", "manifest unknown")}
        if behaviour == "mute":
            self._over.wait()
            handler.close_connection = True
            return
        if behaviour == "busy-twice":
            with self._lock:
                asked = sum(1 for _, path in self._requests if f"/{name}/manifests/" in path)
            if asked <= 2:
                behaviour = "busy"
        if behaviour in refusals:
            return self._refuse(handler, *refusals[behaviour], with_body)
        data = self.image(name).manifest
        headers = {"Docker-Content-Digest": digest(data)}
        if behaviour == "wrong-manifest" and with_body:
            data = data.replace(b"schemaVersion", b"schemaversion")
        self._send(handler, 200, data, MANIFEST, with_body, headers)

    def _blob(self, handler, name, behaviour, wanted, with_body):
        image = self.image(name)
        data = image.blob(wanted)
        if data is None:
            return self._refuse(handler, 404, "BLOB_UNKNOWN", "blob unknown", with_body)
        if data is image.layer:
            with self._lock:
                self._requests.append((handler.command, f"/layer-of/{name}"))
        if data is not image.layer or behaviour not in ("slow", "stall", "wrong-layer"):
            return self._send(handler, 200, data, "application/octet-stream", with_body)
        if behaviour == "wrong-layer":
            return self._send(handler, 200, data[:-1] + bytes([data[-1] ^ 1]), "application/octet-stream", with_body)
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        if with_body:
            self._trickle(handler, data, stall=behaviour == "stall")

    def _trickle(self, handler, data, stall):
        piece = -(-len(data) // PIECES)
        try:
            for at in range(0, len(data) // 2 if stall else len(data), piece):
                handler.wfile.write(data[at:at + piece])
                if self._over.wait(PAUSE_SECONDS):
                    break
            if stall:
                self._over.wait()
        except OSError:
            pass
        if stall or self._over.is_set():
            handler.close_connection = True

    def _refuse(self, handler, status, code, message, with_body, headers=None):
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self._send(handler, status, body, "application/json", with_body, headers)

    def _send(self, handler, status, body, kind, with_body, headers=None):
        try:
            handler.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
                handler.send_header(name, value)
            handler.end_headers()
            if with_body:
                handler.wfile.write(body)
        except OSError:
            handler.close_connection = True
