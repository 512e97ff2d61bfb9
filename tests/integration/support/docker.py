"""Private Docker Engines and an image registry with sample images, all below the run's temporary folder."""

import contextlib
import errno
import json
import os
import pathlib
import shutil
import socket
import signal
import subprocess
import tempfile
import urllib.request

from . import host
from .process import Program
from .waiting import wait_until

DOCKER = "/usr/bin/docker"
START_SECONDS = 30

# Images of one file system (busybox and its links); they differ in the command they start with.
SAMPLE_COMMANDS = {
    "busybox": ["/bin/sh"],
    "httpd": ["/bin/serve"],
    "sleeper": ["/bin/sh", "-c", 'trap "exit 0" TERM; sleep 86400 & wait $!'],
    "exit3": ["/bin/sh", "-c", "exit 3"],
}
APPLETS = "sh cat date dd echo env head hostname httpd id ls nc ps setsid sleep stty tail touch wget".split()
SERVE = """#!/bin/sh
# A page that says which container serves it and what ANSWER it was started with.
trap 'exit 0' TERM
echo "container $(hostname) answer ${ANSWER:-none}" >/www/index.html
httpd -f -p "${PORT:-80}" -h /www &
wait $!
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Engine:
    """One Docker Engine. A test that kills it starts it again: every later test uses the same one.

    Tests that run over both runtimes ask it by what support/containerd.py's Containerd has, too.
    """

    kind = "docker"

    def __init__(self, folder, number, options=(), space=None):
        """`space` is the network namespace that it has for its own; without one it is in that of the tests."""
        self.folder = pathlib.Path(folder, f"engine-{number}")
        self.folder.mkdir()
        self.socket = self.folder / "docker.sock"
        self.bridge = f"berth-{number}"
        self.address = f"172.31.{200 + number}.1/24"
        self.cgroup = f"{self.folder.parent.name}-{number}"
        command = ["/usr/sbin/dockerd", "--data-root", self.folder / "data", "--exec-root", self.folder / "exec",
                   "-H", f"unix://{self.socket}", "--pidfile", self.folder / "docker.pid", "--bridge", self.bridge,
                   "--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", f"/{self.cgroup}", *options]
        self._inside = space.command if space else lambda *arguments: list(arguments)
        self.program = Program("dockerd", self._inside(*command), self.folder)
        for arguments in (["link", "add", self.bridge, "type", "bridge"],
                          ["addr", "add", self.address, "dev", self.bridge], ["link", "set", self.bridge, "up"]):
            subprocess.run(self._inside("ip", *arguments), check=True)

    def start(self):
        (self.folder / "docker.pid").unlink(missing_ok=True)
        self.program.start()
        wait_until(self._answers, f"Docker Engine at {self.socket}", START_SECONDS)
        return self

    def _answers(self):
        assert self.program.alive(), f"dockerd ended\n{self.program.tail()}"
        return self.socket.exists() and self.docker("version", check=False).returncode == 0

    def docker(self, *arguments, check=True, stdin=None):
        done = subprocess.run([DOCKER, "-H", f"unix://{self.socket}", *arguments], check=False, timeout=60,
                              stdin=stdin or subprocess.DEVNULL, capture_output=True, text=True)
        if check and done.returncode != 0:
            raise AssertionError(f"docker {' '.join(arguments)}: {done.stderr.strip()}")
        return done

    def containers(self, running_only=False, label=None):
        """What `docker inspect` says of each container."""
        ids = self.docker("ps", "-q", "--no-trunc", *([] if running_only else ["-a"]),
                          *(["--filter", f"label={label}"] if label else [])).stdout.split()
        found = self.docker("inspect", *ids, check=False).stdout if ids else "[]"
        return json.loads(found)

    @property
    def settings(self):
        """Of an agent that works with it."""
        return {"kind": self.kind, "socket": f"unix://{self.socket}"}

    def execute(self, container_id, *command):
        """Runs a command in a container, as the container's own user in its own environment."""
        return self.docker("exec", container_id, *command)

    def execute_detached(self, container_id, *command):
        self.docker("exec", "--detach", container_id, *command)

    def output(self, container_id):
        """What a container has written, as two texts: its standard output and its errors."""
        done = self.docker("logs", container_id)
        return done.stdout, done.stderr

    def log_files(self, container_id):
        """Those of its log, the newest first."""
        return sorted((self.folder / "data/containers" / container_id).glob("*.log*"))

    def kill(self, container_id):
        self.docker("kill", container_id)

    def remove(self, container_id):
        """Behind the agent's back."""
        self.docker("rm", "-f", container_id)

    def limit_cpus(self, container_id, cpus):
        """Of a container that runs."""
        self.docker("update", "--cpus", str(cpus), container_id)

    def image_digests(self, name):
        """What the name stands for in its registry."""
        return [one.rpartition("@")[2] for one in json.loads(self.docker("image", "inspect", name).stdout)[0]["RepoDigests"]]

    def volumes(self):
        return self.docker("volume", "ls", "-q").stdout.split()

    def volume_labels(self, name):
        return json.loads(self.docker("volume", "inspect", name).stdout)[0]["Labels"]

    def remove_volume(self, name):
        self.docker("volume", "rm", name)

    def feed(self, container_id, text):
        """What a container with an open input reads from it."""
        with tempfile.TemporaryFile("w+", encoding="ascii") as line:
            line.write(text)
            line.seek(0)
            self.docker("attach", container_id, check=False, stdin=line)

    def remove_containers(self):
        ids = self.docker("ps", "-aq").stdout.split()
        if ids:
            self.docker("rm", "-f", *ids)

    def remove_images(self):
        ids = self.docker("images", "-q").stdout.split()
        if ids:
            self.docker("rmi", "-f", *set(ids))

    def groups(self):
        """The control groups of this engine, one in each hierarchy."""
        groups = pathlib.Path("/sys/fs/cgroup")
        return [*groups.glob(f"*/{self.cgroup}"), groups / self.cgroup]

    def processes_of(self, container_id):
        """What lives of a container, whatever the engine says."""
        found = set()
        for group in self.groups():
            for procs in group.glob(f"**/{container_id}/cgroup.procs"):
                found |= set(procs.read_text(encoding="utf-8").split())
        return found

    def _end_orphans(self):
        """An engine that was killed in the midst of a start forgets the shim that it started."""
        for pid, command in host.processes().items():
            if "containerd-shim" in command and str(self.folder) in command:
                os.kill(pid, signal.SIGKILL)
        # And what the shim was about to start.
        for group in self.groups():
            for procs in group.glob("**/cgroup.procs"):
                for pid in procs.read_text(encoding="utf-8").split():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)

    def close(self):
        if self.program.alive():
            self.remove_containers()
            self.program.stop(30)
        self._end_orphans()
        # dockerd mounts its data folder on itself, and does not always take that back.
        for point in host.mounts_below(self.folder):
            subprocess.run(["umount", point], check=True)
        subprocess.run(self._inside("ip", "link", "del", self.bridge), check=False)
        for group in self.groups():
            for below, _, _ in os.walk(group, topdown=False):
                remove_group(below)


def remove_group(folder):
    """A control group whose last process may be ending yet."""
    def removed():
        try:
            os.rmdir(folder)
        except OSError as failure:
            if failure.errno != errno.EBUSY:
                raise
            return False
        return True

    wait_until(removed, f"no process in {folder}")


class Registry:
    """Debian's docker-registry. `image("httpd")` is the reference of a sample image in it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder, "registry")
        self.folder.mkdir()
        self.address = f"127.0.0.1:{free_port()}"
        config = self.folder / "config.yml"
        config.write_text(json.dumps({
            "version": "0.1", "log": {"level": "warn"}, "http": {"addr": self.address},
            "storage": {"filesystem": {"rootdirectory": str(self.folder / "data")}, "delete": {"enabled": True}}}))
        self.program = Program("docker-registry", ["/usr/bin/docker-registry", "serve", config], self.folder)

    def start(self):
        self.program.start()
        wait_until(self._answers, f"registry at {self.address}")
        return self

    def _answers(self):
        assert self.program.alive(), f"docker-registry ended\n{self.program.tail()}"
        try:
            with urllib.request.urlopen(f"http://{self.address}/v2/", timeout=2) as reply:
                return reply.status == 200
        except OSError:
            return False

    def image(self, name):
        return f"{self.address}/{name}:1"

    def push_samples(self, engine):
        """Makes the sample images and pushes them; the engine keeps none, so that each pull is a real one."""
        tree = self.folder / "rootfs"
        for part in ("bin", "www", "tmp", "etc"):
            (tree / part).mkdir(parents=True)
        shutil.copy("/bin/busybox", tree / "bin/busybox")
        for name in APPLETS:
            (tree / "bin" / name).symlink_to("busybox")
        (tree / "bin/serve").write_text(SERVE)
        (tree / "bin/serve").chmod(0o755)
        subprocess.run(["tar", "-C", tree, "-cf", self.folder / "rootfs.tar", "."], check=True)
        for name in SAMPLE_COMMANDS:
            self.put_sample(engine, name)
            engine.docker("push", "-q", self.image(name))
        engine.remove_images()

    def put_sample(self, engine, name):
        """Gives an engine a sample image without a pull."""
        with open(self.folder / "rootfs.tar", "rb") as content:
            engine.docker("import", "-c", f"CMD {json.dumps(SAMPLE_COMMANDS[name])}", "-c", "ENV PATH=/bin", "-",
                          self.image(name), stdin=content)
