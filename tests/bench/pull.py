"""Pulls by the containerd runtime, beside `docker pull` and `ctr images pull` of the same image."""

import gzip
import hashlib
import http.client
import io
import json
import os
import pathlib
import random
import statistics
import subprocess
import tarfile
import time

from figures import Figure
from support.berth import binary
from support.containerd import Containerd

ROUNDS = 3
MEBIBYTE = 1 << 20
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def digest(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def random_files(size):
    """One file of bytes that don't pack."""
    return {"content": os.urandom(size)}


def packing_files(size):
    """Files as programs and libraries are: they pack to about two fifths."""
    words = [os.urandom(random.Random(at).randrange(2, 24)) for at in range(4096)]
    source = random.Random(size)
    out, left, number = {}, size, 0
    while left > 0:
        wanted = min(left, 4 * MEBIBYTE)
        text = b"".join(source.choices(words, k=wanted // 8))
        out[f"usr/lib/part-{number}"] = (text + os.urandom(wanted))[:wanted]
        left -= wanted
        number += 1
    return out


def layer_of(files):
    """(packed, digest of what is unpacked)"""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for path, data in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(data))
    text = plain.getbuffer()
    return gzip.compress(text, compresslevel=1, mtime=0), digest(text)


class Uploader:
    """Puts images into a registry without an engine."""

    def __init__(self, address):
        self.address = address

    def _ask(self, method, path, body=None, headers=None):
        wire = http.client.HTTPConnection(self.address, timeout=120)
        wire.request(method, path, body, headers or {})
        reply = wire.getresponse()
        text = reply.read()
        assert reply.status < 300, (method, path, reply.status, text)
        return reply

    def blob(self, name, data):
        place = self._ask("POST", f"/v2/{name}/blobs/uploads/").headers["Location"]
        place = place.split(self.address, 1)[-1]
        self._ask("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest(data)}", data,
                  {"Content-Type": "application/octet-stream"})
        return {"size": len(data), "digest": digest(data)}

    def image(self, name, layers):
        """`layers`: (packed, digest of what is unpacked), from the lowest."""
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/nothing"]}, "rootfs": {
            "type": "layers", "diff_ids": [plain for _, plain in layers]}}).encode()
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, **self.blob(name, config)},
            "layers": [{"mediaType": LAYER, **self.blob(name, packed)} for packed, _ in layers]}).encode()
        self._ask("PUT", f"/v2/{name}/manifests/1", manifest, {"Content-Type": MANIFEST})
        return f"{self.address}/{name}:1"


def seconds(values):
    ordered = sorted(values)
    return f"{statistics.median(ordered):.2f} s ({ordered[0]:.2f} to {ordered[-1]:.2f})"


def timed(work):
    began = time.monotonic()
    work()
    return time.monotonic() - began


class Puller:
    """The runtime of the agent in a process of its own."""

    def __init__(self, containerd, folder):
        self.program = subprocess.Popen([binary("bench-pull"), containerd.socket, folder], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def pull(self, image):
        """(seconds, seconds of CPU, MB)"""
        self.program.stdin.write(f"{image}\n")
        self.program.stdin.flush()
        millis, used = map(float, self.program.stdout.readline().split())
        status = pathlib.Path(f"/proc/{self.program.pid}/status").read_text()
        return millis / 1e3, used / 1e3, int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6

    def close(self):
        self.program.communicate()


def forget(containerd):
    for image in containerd.ctr("images", "ls", "-q").stdout.split():
        containerd.ctr("images", "rm", "--sync", image)


def measure(berth, layers, name):
    """{who: its seconds}, and CPU and memory of ours; one after the other in each round."""
    image = Uploader(berth.registry.address).image(name, layers)
    engine = berth.engine(0)
    folder = berth.folder / "pulls"
    folder.mkdir()
    containerd = Containerd(berth.folder).start()
    times = {"ours": [], "docker": [], "ctr": []}
    used = []
    try:
        for _ in range(ROUNDS):
            times["docker"].append(timed(lambda: engine.docker("pull", "-q", image)))
            engine.remove_images()
            times["ctr"].append(timed(lambda: containerd.ctr("images", "pull", "--plain-http", image)))
            forget(containerd)
            puller = Puller(containerd, folder)
            took, *more = puller.pull(image)
            puller.close()
            times["ours"].append(took)
            used.append(more)
            forget(containerd)
    finally:
        containerd.close()
    return times, used


def compare(berth, what, layers, of_docker, of_ctr):
    times, used = measure(berth, layers, what.replace(" ", "-").lower())
    ours, docker, ctr = (statistics.median(times[who]) for who in ("ours", "docker", "ctr"))
    met = ours <= docker * of_docker and (of_ctr is None or ours <= ctr * of_ctr)
    limit = f"ratio {ours / docker:.2f}, at most {of_docker}; {ours / ctr:.2f}" + (f", at most {of_ctr}" if of_ctr else "")
    cpu, resident = (statistics.median(each) for each in zip(*used))
    return Figure(f"pull of {what}", f"{seconds(times['ours'])}, CPU {cpu:.2f} s, most RSS {resident:.0f} MB",
                  f"docker pull: {seconds(times['docker'])}; ctr images pull: {seconds(times['ctr'])}", limit, met)


def one_layer(berth):
    return compare(berth, "one layer of 512 MiB", [layer_of(random_files(512 * MEBIBYTE))], 0.35, 0.6)


def one_packed_layer(berth):
    return compare(berth, "one packed layer of 512 MiB", [layer_of(packing_files(512 * MEBIBYTE))], 0.35, 0.6)


def many_layers(berth):
    layers = [layer_of({f"part-{at}": os.urandom(MEBIBYTE)}) for at in range(40)]
    return compare(berth, "40 layers of 1 MiB", layers, 0.3, None)
