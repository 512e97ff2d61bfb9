"""What the kernel says of processes."""

import pathlib


def group_of(pid, controller):
    """The folder of a process's control group."""
    for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text(encoding="ascii").splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return pathlib.Path("/sys/fs/cgroup", controller, path.lstrip("/"))
    raise AssertionError(f"process {pid} has no {controller} group")
