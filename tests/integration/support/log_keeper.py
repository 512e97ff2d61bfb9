"""The log keeper by itself: a folder as the agent makes it, and pipes as the shim of a container holds them."""

import fcntl
import json
import os
import pathlib

from .berth import binary
from .process import Program

PIPE_BYTES = 1 << 20


class KeptContainer:
    """What the agent and the shim do: pipes, what is wanted, and both ends of the pipes held open."""

    def __init__(self, root, name, max_bytes=1 << 30, max_files=1):
        self.root, self.name, self.limits = pathlib.Path(root), name, (max_bytes, max_files)
        self.folder = self.root / "containers" / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.runs = 0
        self.held = []
        self.start()

    def start(self):
        self.runs += 1
        for stream in ("stdout", "stderr"):
            path = self.folder / stream
            path.unlink(missing_ok=True)
            os.mkfifo(path, 0o600)
            self.held.append(os.open(path, os.O_RDWR | os.O_NONBLOCK))
            fcntl.fcntl(self.held[-1], fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            os.set_blocking(self.held[-1], True)
        self.want()

    def want(self, ended=False):
        folder = self.root / "wanted"
        folder.mkdir(exist_ok=True)
        text = f"run {self.run}\nmax-bytes {self.limits[0]}\nmax-files {self.limits[1]}\nended {int(ended)}\n"
        (folder / f"{self.name}.new").write_text(text)
        (folder / f"{self.name}.new").rename(folder / self.name)

    @property
    def run(self):
        return f"run-{self.runs}"

    @property
    def out(self):
        return self.held[-2]

    @property
    def err(self):
        return self.held[-1]

    def close(self):
        """The shim's end: nobody writes any more."""
        for descriptor in self.held:
            os.close(descriptor)
        self.held = []

    def done(self):
        path = self.folder / "done"
        return path.exists() and path.read_text() == self.run

    def files(self):
        """Oldest first."""
        found = self.folder.glob(f"{self.name}-json.log*")
        return sorted(found, key=lambda path: -int(path.suffix[1:]) if path.suffix != ".log" else 1)

    def records(self):
        return [json.loads(line) for path in self.files() for line in path.read_text().splitlines()]

    def text(self, stream="stdout"):
        return "".join(record["log"] for record in self.records() if record["stream"] == stream)

    def drops(self):
        path = self.folder / "drops"
        return dict((key, int(value)) for key, value in map(str.split, path.read_text().splitlines())) \
            if path.exists() else {"lines": 0, "bytes": 0}


class Keeper:
    def __init__(self, folder, name="log-keeper"):
        self.root = pathlib.Path(folder, name)
        self.root.mkdir(parents=True)
        (self.root / "containers").mkdir()
        self.program = Program(name, [binary("berth-log-keeper"), self.root], folder)

    def start(self):
        self.program.start()
        return self

    def rss_kib(self):
        return rss_kib(self.program.pid)


def rss_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1])


def newest_has(folder, line):
    """Whether a container's newest log file below the folder ends with the line, more or less."""
    for path in folder.glob("*/*-json.log"):
        try:
            if line in path.read_bytes()[-4096:]:
                return True
        except FileNotFoundError:
            continue  # it is being rotated
    return False
