"""A Debian of a test's own: a minimal system in a folder, which can be booted with its own systemd.

It is bootstrapped from the mirror that this machine uses, once: build/debian holds it from then on.
"""

import hashlib
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess

from . import host
from .berth import binary
from .process import Program
from .waiting import wait_until

SUITE = "bookworm"
CACHE = pathlib.Path(__file__).parents[3] / "build/debian"
BOOTSTRAP_SECONDS = 540
# Beside what the packages under test depend on: their service manager.
BASE = ["systemd", "systemd-sysv"]
# What changes by itself, or with every package that is installed.
NOT_COMPARED = ("dev", "proc", "run", "sys", "tmp", "var/cache", "var/log", "var/lib/dpkg")
PATH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}

BOOT = r"""
set -e
group=$1 root=$2
shift 2
echo $$ >"$group/cgroup.procs"
exec unshare --mount --pid --ipc --uts --cgroup --propagation private --fork --kill-child /bin/sh -ec '
  root=$0
  mount --bind "$root" "$root"
  for pair in "$@"; do
    mkdir -p "$root${pair#*:}"
    mount --bind "${pair%%:*}" "$root${pair#*:}"
  done
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  mount -t tmpfs tmpfs "$root/tmp"
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  for node in null zero full random urandom tty; do
    : >"$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
  done
  mkdir "$root/dev/pts" "$root/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  exec env -i container=test PATH="$PATH" chroot "$root" /lib/systemd/systemd --log-target=journal --show-status=no
' "$root" "$@"
"""


def said(*command):
    """What a command that succeeds says."""
    return subprocess.run([str(one) for one in command], stdin=subprocess.DEVNULL, check=True, capture_output=True,
                          text=True).stdout


def build_packages(folder):
    """{"berth-agent": path, ...} of the packages that cpack makes of the programs under test."""
    config = binary("berth-agent").parents[1] / "CPackConfig.cmake"
    done = subprocess.run(["cpack", "--config", config, "-B", folder], cwd=config.parent, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {path.name.split("_")[0]: path for path in folder.glob("*.deb")}


def field(package, name):
    return said("dpkg-deb", "--field", package, name).strip()


def repacked(package, folder, version):
    """The same package as it might be one version later."""
    tree = folder / f"{package.stem}-{version}"
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {version}", control.read_text()))
    result = folder / f"{field(package, 'Package')}_{version}_amd64.deb"
    said("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, result)
    shutil.rmtree(tree)
    return result


def dependencies(packages):
    """The names of what they depend on, sorted."""
    wanted = ",".join(field(package, "Depends") for package in packages)
    return sorted({re.match(r"[a-z0-9.+-]+", one.strip()).group() for one in wanted.split(",") if one.strip()})


def _providers(names):
    """names, each name that is not a package's own (libspdlog1.10-fmt9) replaced by the package that has it here."""
    known = said("dpkg-query", "--show", "--showformat=${Package}|${Provides}\n").splitlines()
    provides = [line.split("|") for line in known]
    provided = {one.split()[0]: real for real, virtual in provides for one in virtual.split(",") if one.strip()}
    real = {name for name, _ in provides}
    return {name if name in real else provided.get(name, name) for name in names}


def mirror():
    """Where this machine's apt gets the suite from."""
    form = "$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(REPO_URI)"
    for line in said("apt-get", "indextargets", "--format", form, "Created-By: Packages").splitlines():
        release, component, _, address = line.split("|")
        if (release, component) == (SUITE, "main"):
            return address
    raise AssertionError(f"apt's sources have no main component of {SUITE}: these tests need a Debian mirror")


def archive(include):
    """A tar file of a minimal system with these packages, made when there is none yet."""
    include = sorted({*BASE, *_providers(include)})
    path = CACHE / f"{SUITE}-{hashlib.sha256(' '.join(include).encode()).hexdigest()[:16]}.tar"
    if path.exists():
        return path
    CACHE.mkdir(parents=True, exist_ok=True)
    tree = CACHE / f"tree-{os.getpid()}"
    script = """set -e
    trap 'rm -rf --one-file-system "$1" "$1.tar"' EXIT
    mount --make-rprivate /
    debootstrap --variant=minbase --include="$2" "$3" "$1" "$4"
    rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*
    tar -C "$1" --one-file-system --exclude='./proc/*' --exclude='./sys/*' -cf "$1.tar" .
    mv "$1.tar" "$5"
    """
    command = ["unshare", "--mount", "/bin/sh", "-c", script, "sh", tree, ",".join(include), SUITE, mirror(), path]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, preexec_fn=host.outside_network, timeout=BOOTSTRAP_SECONDS, check=False)
    assert done.returncode == 0, f"debootstrap of {SUITE} failed:\n{done.stdout[-3000:]}"
    return path


def _control_group():
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        for line in mounts:
            fields = line.split()
            if fields[fields.index("-") + 1] == "cgroup2":
                return pathlib.Path(fields[4])
    raise AssertionError("no cgroup2 is mounted: systemd can't be booted without")


def unpack(include, folder):
    """A minimal system with these packages, to make Systems of; in memory: it is there at once, and as quickly gone."""
    tree = pathlib.Path(folder, "bare")
    _in_memory(tree)
    subprocess.run(["tar", "-C", tree, "--numeric-owner", "-xf", archive(include)], check=True)
    return tree


def _in_memory(folder):
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder], check=True)


class System:
    """What is below `bare`, and changes of its own.

    What it runs shares the test run's network; once booted, nothing else.
    """

    def __init__(self, folder, bare):
        self.root = pathlib.Path(folder, "root")
        self._layer = pathlib.Path(folder, "layer")
        self.root.mkdir(parents=True)
        # In memory also because an overlay can't lie on an overlay, which is what a container's disk may be.
        _in_memory(self._layer)
        for one in ("changes", "work"):
            (self._layer / one).mkdir()
        layers = f"lowerdir={bare},upperdir={self._layer}/changes,workdir={self._layer}/work"
        subprocess.run(["mount", "-t", "overlay", "-o", layers, "overlay", self.root], check=True)
        self.group = _control_group() / f"berth-{os.getpid()}-{pathlib.Path(folder).name}"
        self._folder = folder
        self._init = None
        self._boot = None

    def path(self, inside):
        return self.root / inside.lstrip("/")

    def write(self, inside, text, mode=0o644):
        self.path(inside).parent.mkdir(parents=True, exist_ok=True)
        self.path(inside).write_text(text)
        self.path(inside).chmod(mode)

    def _inside(self):
        if not self._init:
            return ["chroot", str(self.root)]
        return ["nsenter", "--target", self._init, "--mount", "--pid", "--ipc", "--uts", "--cgroup", "--root", "--wd"]

    def run(self, *arguments, check=True, seconds=60):
        """A command inside: by its own init's view of the world when booted."""
        done = subprocess.run([*self._inside(), *map(str, arguments)], env=PATH, stdin=subprocess.DEVNULL,
                              timeout=seconds, capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, arguments))}: exit code {done.returncode}\n"
                                 f"{done.stdout}{done.stderr}{self.journal()}")
        return done

    def dpkg(self, action, *what):
        """dpkg --install FILE..., --remove NAME..., --purge NAME..."""
        names = []
        for one in what:
            if isinstance(one, pathlib.Path):
                shutil.copy(one, self.path("/var/tmp"))
                one = f"/var/tmp/{one.name}"
            names.append(one)
        done = self.run("dpkg", action, *names)
        for one in what:
            if isinstance(one, pathlib.Path):
                self.path(f"/var/tmp/{one.name}").unlink()
        return done.stdout + done.stderr

    def files(self):
        """{path: what it is} of everything that is there to stay."""
        found = {}
        for folder, folders, names in os.walk(self.root):
            inside = pathlib.Path(folder).relative_to(self.root)
            folders[:] = [one for one in folders if str(inside / one) not in NOT_COMPARED]
            for name in [*folders, *names]:
                path = pathlib.Path(folder, name)
                status = path.lstat()
                content = ""
                if stat.S_ISLNK(status.st_mode):
                    content = os.readlink(path)
                elif stat.S_ISREG(status.st_mode):
                    content = hashlib.sha256(path.read_bytes()).hexdigest()
                found[str(inside / name)] = (stat.filemode(status.st_mode), status.st_uid, status.st_gid, content)
        return found

    def boot(self, binds=()):
        """Starts its systemd; binds: {outside: inside} folders that both sides see."""
        self.group.mkdir()
        pairs = [f"{outside}:{inside}" for outside, inside in dict(binds).items()]
        command = ["/bin/sh", "-c", BOOT, "sh", self.group, self.root, *pairs]
        self._boot = Program("systemd", command, self._folder).start()

        def init():
            assert self._boot.alive(), f"systemd did not boot\n{self._boot.tail()}"
            return subprocess.run(["pgrep", "-P", str(self._boot.pid), "systemd"], check=False, capture_output=True,
                                  text=True).stdout.strip()

        def booted():
            state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
            return state in ("running", "degraded")

        self._init = wait_until(init, "an init")
        wait_until(booted, "a booted systemd", 30)
        return self

    def up(self):
        """Until its systemd has ended. A command that enters while it ends may hang, so none is tried."""
        return self._boot.alive()

    def systemctl(self, *arguments, **options):
        return self.run("systemctl", *arguments, **options)

    def show(self, unit, *properties):
        """The unit's properties, as systemd says them."""
        answer = self.systemctl("show", unit, *(f"--property={one}" for one in properties)).stdout
        return dict(line.split("=", 1) for line in answer.splitlines())

    def wait_unit(self, unit, seconds=20, **wanted):
        """Waits until the unit's properties are as wanted."""
        def reached():
            seen.update(self.show(unit, *wanted))
            return seen == wanted

        seen = {}
        try:
            wait_until(reached, f"{unit} {wanted}", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {seen}{self.journal()}") from None

    def journal(self, lines=40):
        """The end of its journal, for messages of failing tests."""
        if not self._init:
            return ""
        command = [*self._inside(), "journalctl", "--no-pager", "--output=cat", f"--lines={lines}"]
        done = subprocess.run(command, env=PATH, check=False, capture_output=True, text=True, timeout=20)
        return f"\n--- journal\n{done.stdout}"

    def close(self):
        """Powers off, and leaves nothing running."""
        if self._boot:
            if self._boot.alive() and self._init:
                os.kill(int(self._init), signal.SIGRTMIN + 14)
            try:
                self._boot.wait(10)
            finally:
                self._boot.kill9()
            for folder, _, _ in os.walk(self.group, topdown=False):
                os.rmdir(folder)
        for one in (self.root, self._layer):
            subprocess.run(["umount", one], check=True)
