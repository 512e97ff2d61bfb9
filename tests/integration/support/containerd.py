"""A private containerd, below the run's temporary folder."""

import base64
import datetime
import glob
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

from . import host
from .berth import binary
from .kernel import group_of
from .process import Program
from .waiting import wait_until

CTR = "/usr/bin/ctr"
NAMESPACE = "berth"
# Where containerd's shim has its OCI runtime keep its containers.
STATES = pathlib.Path("/run/containerd/runc", NAMESPACE)
RECORD, EXIT = "berth.record", "berth.exit"
NEVER = "0001-01-01T00:00:00Z"


def executing(container_id):
    """The beginning of a command in a container, by the OCI runtime that has started it: crun or runc."""
    state = STATES / container_id
    # Only runc writes that file.
    if (state / "state.json").exists():
        return ["/usr/sbin/runc", "--root", STATES, "exec"]
    program = binary("berth-crun") if os.path.ismount("/sys/fs/cgroup/unified") else "/usr/bin/crun"
    # crun takes the container's folder from whom it obeys, runc from the container.
    bundle = pathlib.Path(json.loads((state / "status").read_text())["bundle"])
    folder = json.loads((bundle / "config.json").read_text())["process"]["cwd"]
    return [program, "--root", STATES, "exec", "--cwd", folder]


def told(millis):
    """As Docker tells a time."""
    if not millis:
        return NEVER
    moment = datetime.datetime.fromtimestamp(millis / 1000, datetime.timezone.utc)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def bindings(ports):
    """Published ports as Docker tells them."""
    found = {}
    for one in ports:
        found.setdefault(f"{one['containerPort']}/{one['protocol']}", []).append(
            {"HostIp": one["bindIp"] or "0.0.0.0", "HostPort": str(one["hostPort"])})
    return found


class Containerd:
    """Its shims outlive it, as they should; close() ends them.

    Of containers it tells what support/docker.py's Engine tells, in the members of `docker inspect` that tests use:
    Id, Name, Image, Created, RestartCount, Config (Image, Labels, Env, Hostname), Mounts, State (Running, Pid, ExitCode,
    StartedAt, FinishedAt), HostConfig (PortBindings, LogConfig) and NetworkSettings (IPAddress, Ports).
    """

    kind = "containerd"
    bridge = "berth0"

    def __init__(self, folder, name="containerd"):
        self.run_folder = pathlib.Path(folder)
        self.folder = pathlib.Path(folder, name)
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
        self.program = Program(name, ["/usr/bin/containerd", "--config", config], self.folder)

    @property
    def settings(self):
        """Of an agent that works with it."""
        return {"kind": self.kind, "socket": f"unix://{self.socket}"}

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

    def ids(self):
        return self.ctr("containers", "ls", "-q").stdout.split()

    def containers(self, running_only=False, label=None):
        """What is known of each container, by containerd and by what the agent has kept there."""
        rows = [line.split() for line in self.ctr("tasks", "ls", check=False).stdout.splitlines()[1:]]
        tasks = {row[0]: (int(row[1]), row[2] == "RUNNING") for row in rows}
        name, _, value = (label or "").partition("=")
        found = []
        for one in self.ids():
            described = self._described(one, *tasks.get(one, (0, False)))
            if not described or (running_only and not described["State"]["Running"]):
                continue
            labels = described["Config"]["Labels"]
            if not label or (name in labels and value in ("", labels[name])):
                found.append(described)
        return found

    def _described(self, container_id, pid, running):
        done = self.ctr("containers", "info", container_id, check=False)
        if done.returncode != 0:
            return None
        info = json.loads(done.stdout)
        kept = {name: json.loads(base64.b64decode(one.get("value") or "") or b"{}")
                for name, one in (info["Extensions"] or {}).items()}
        record, ended = kept.get(RECORD, {}), kept.get(EXIT, {})
        mark = self.kept(container_id, "containers", "started")
        started = mark.stat().st_mtime_ns // 1_000_000 if mark else ended.get("startedAt")
        process = info["Spec"]["process"]
        return {"Id": container_id, "Name": f"/{record.get('name')}", "Image": record.get("imageId"), "RestartCount": 0,
                "Created": info["CreatedAt"],
                "Config": {"Image": info["Image"], "Labels": record.get("labels", {}), "Env": process["env"],
                           "Hostname": info["Spec"].get("hostname")},
                "Mounts": [{"Name": one["volume"], "Source": one["source"], "Destination": one["destination"]}
                           for one in record.get("mounts", [])],
                "State": {"Running": running, "Pid": pid if running else 0, "ExitCode": ended.get("code", 0),
                          "StartedAt": told(started), "FinishedAt": told(ended.get("finishedAt") if not running else None)},
                "HostConfig": {"PortBindings": bindings(record.get("network", {}).get("ports", [])),
                               "LogConfig": {"Type": record.get("logDriver") or "json-file",
                                             "Config": {"max-file": str(record.get("logFiles"))}}},
                "NetworkSettings": {"IPAddress": address_of(pid) if running else "",
                                    "Ports": bindings(self._published(container_id))}}

    def _published(self, container_id):
        record = next(iter(self._kept_of("networks/attachments", f"{container_id}.json")), None)
        return json.loads(record.read_text(encoding="utf-8"))["ports"] if record else []

    def kept(self, container_id, *path):
        """A file of the agent about a container: kept(id, "containers", "started"); None if there is none."""
        kind, *rest = path
        found = (pathlib.Path(folder, *rest) for folder in self._kept_of(kind, container_id))
        return next((file for file in found if file.exists()), None)

    def _kept_of(self, kind, name):
        return [pathlib.Path(one) for data in ("*/agent-*/data", "*/*/agent-*/data", "*/data")
                for one in glob.glob(f"{self.run_folder}/{data}/containerd/{kind}/{name}")]

    def execute(self, container_id, *command):
        """Runs a command in a container, as the container's own user in its own environment."""
        # Not by ctr, which may end before it has passed on what the command has written.
        done = subprocess.run([*executing(container_id), container_id, *command], check=False, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done

    def execute_detached(self, container_id, *command):
        subprocess.run([*executing(container_id), "--detach", container_id, *command], check=True, timeout=60,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def output(self, container_id):
        """What a container has written, as two texts: its standard output and its errors."""
        texts = {"stdout": "", "stderr": ""}
        for line in self._log_lines(container_id):
            texts[line["stream"]] += line["log"]
        return texts["stdout"], texts["stderr"]

    def _log_lines(self, container_id):
        for file in reversed(self.log_files(container_id)):
            for line in file.read_text(encoding="utf-8").splitlines():
                yield json.loads(line)

    def log_files(self, container_id):
        """Those of its log, the newest first."""
        folder = self.kept(container_id, "logs/containers")
        return sorted(folder.glob("*-json.log*")) if folder else []

    def kill(self, container_id):
        self.ctr("tasks", "kill", "-a", "-s", "SIGKILL", container_id)

    def remove(self, container_id):
        """Behind the agent's back."""
        self.ctr("tasks", "rm", "-f", container_id, check=False)
        self.ctr("containers", "rm", container_id)

    def limit_cpus(self, container_id, cpus):
        """Of a container that runs."""
        pid = next(one["State"]["Pid"] for one in self.containers() if one["Id"] == container_id)
        group = group_of(pid, "cpu")
        (group / "cpu.cfs_period_us").write_text("100000", encoding="ascii")
        (group / "cpu.cfs_quota_us").write_text(str(int(cpus * 100000)), encoding="ascii")

    def image_digests(self, name):
        """What the name stands for in its registry."""
        rows = [line.split() for line in self.ctr("images", "ls").stdout.splitlines()]
        return [row[2] for row in rows if row[0] == name]

    def volumes(self):
        """Names, of whatever agent."""
        return [one.name for one in self._kept_of("volumes", "*")]

    def volume_labels(self, name):
        folder, = self._kept_of("volumes", name)
        return json.loads((folder / "volume.json").read_text(encoding="utf-8"))["labels"]

    def remove_volume(self, name):
        for folder in self._kept_of("volumes", name):
            shutil.rmtree(folder)

    def feed(self, container_id, text):
        """What a container with an open input reads from it."""
        self.kept(container_id, "logs/containers", "stdin").write_text(text, encoding="ascii")

    def processes_of(self, container_id):
        found = set()
        for procs in glob.glob(f"/sys/fs/cgroup/**/{container_id}/cgroup.procs", recursive=True):
            found |= set(pathlib.Path(procs).read_text(encoding="ascii").split())
        return found

    def remove_images(self):
        images = self.ctr("images", "ls", "-q").stdout.split()
        if images:
            self.ctr("images", "rm", "--sync", *images)

    def has_image(self, name):
        return name in self.ctr("images", "ls", "-q").stdout.split()

    def remove_containers(self):
        """And what an agent that is gone has left of their networks and mounts."""
        for task in self.ctr("tasks", "ls", "-q").stdout.split():
            self.ctr("tasks", "rm", "-f", task, check=False)
        for container in self.ids():
            self.ctr("containers", "rm", container)
        self.remove_networks()

    def remove_networks(self):
        for point in host.mounts_below(self.run_folder):
            if "/data/containerd/" in point:
                subprocess.run(["umount", point], check=True)
        saved = subprocess.run(["iptables-save"], check=True, capture_output=True, text=True).stdout
        # Docker's rules and those of the endpoints stay.
        kept = [line for line in saved.splitlines() if not re.search(r"BERTH-(?!ENDPOINT)|CNI-", line)]
        if kept != saved.splitlines():
            subprocess.run(["iptables-restore"], input="\n".join(kept) + "\n", check=True, text=True)
        if os.path.exists(f"/sys/class/net/{self.bridge}"):
            subprocess.run(["ip", "link", "del", self.bridge], check=True)

    def close(self):
        if self.program.alive():
            self.remove_containers()
            self.program.stop(30)
        # Its shims, what they run, and first processes that no containerd has come to know of: not started yet.
        for pid, command in host.processes().items():
            if str(self.folder) in command:
                os.kill(pid, signal.SIGKILL)
        for point in host.mounts_below(self.folder):
            subprocess.run(["umount", point], check=True)


def address_of(pid):
    """Of eth0 in the network of a process; empty without one."""
    done = subprocess.run(["nsenter", f"--net=/proc/{pid}/ns/net", "ip", "-j", "-4", "addr", "show", "eth0"], check=False,
                          capture_output=True, text=True, timeout=30)
    cards = json.loads(done.stdout or "[]")
    own = os.stat("/proc/self/ns/net").st_ino == os.stat(f"/proc/{pid}/ns/net").st_ino if done.returncode == 0 else True
    return "" if own or not cards else cards[0]["addr_info"][0]["local"]
