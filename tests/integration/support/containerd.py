"""A private containerd, below the run's temporary folder."""

import os
import pathlib
import signal
import subprocess

from . import host
from .process import Program
from .waiting import wait_until

CTR = "/usr/bin/ctr"
NAMESPACE = "berth"


class Containerd:
    """Its shims outlive it, as they should; close() ends them."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder, "containerd")
        self.folder.mkdir()
        self.socket = self.folder / "containerd.sock"
        config = self.folder / "config.toml"
        config.write_text(f"""version = 2
root = "{self.folder}/root"
state = "{self.folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{self.socket}"
""", encoding="utf-8")
        self.program = Program("containerd", ["/usr/bin/containerd", "--config", config], self.folder)

    def start(self):
        self.program.start()
        wait_until(self._answers, f"containerd at {self.socket}")
        return self

    def _answers(self):
        assert self.program.alive(), f"containerd ended\n{self.program.tail()}"
        return self.socket.exists() and self.ctr("version", check=False).returncode == 0

    def ctr(self, *arguments, check=True):
        done = subprocess.run([CTR, "-a", str(self.socket), "-n", NAMESPACE, *arguments], check=False, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if check and done.returncode != 0:
            raise AssertionError(f"ctr {' '.join(arguments)}: {done.stderr.strip()}")
        return done

    def containers(self):
        return self.ctr("containers", "ls", "-q").stdout.split()

    def remove_containers(self):
        for task in self.ctr("tasks", "ls", "-q").stdout.split():
            self.ctr("tasks", "rm", "-f", task, check=False)
        for container in self.containers():
            self.ctr("containers", "rm", container, check=False)

    def close(self):
        if self.program.alive():
            self.remove_containers()
            self.program.stop(30)
        for pid, command in host.processes().items():
            if "containerd-shim" in command and str(self.folder) in command:
                os.kill(pid, signal.SIGKILL)
        for point in host.mounts_below(self.folder):
            subprocess.run(["umount", point], check=True)
