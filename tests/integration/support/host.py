"""A host of its own for the test run: network, mounts and processes apart from the machine's.

Default ports are free, iptables rules and mounts vanish with it, and when the run ends, in whatever way,
the kernel ends every process that is left.
"""

import ctypes
import os
import signal
import subprocess
import sys

CLONE_NEWNS = 0x00020000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_REC_PRIVATE = 0x4000 | 0x40000
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)
_outside = None


def _check(result, what):
    if result != 0:
        error = ctypes.get_errno()
        sys.exit(f"{what}: {os.strerror(error)}; integration tests need root and the right to make namespaces")


def _exit_with(status):
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _die_with_parent():
    _check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def _reap_until(main):
    """What process 1 of a host does: collect orphans, and end with the program it was started for."""
    while True:
        pid, status = os.wait()
        if pid == main:
            _exit_with(status)


def enter():
    """Returns in a child, inside the new host; the caller's process waits and takes over its exit code."""
    global _outside
    _outside = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    _check(libc.unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID), "unshare")
    first = os.fork()
    if first:
        # Ctrl-C reaches the whole process group: the tests clean up, the waiting processes only wait.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: os.kill(first, signal.SIGTERM))
        _exit_with(os.waitpid(first, 0)[1])
    _die_with_parent()
    main = os.fork()
    if main:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: os.kill(main, signal.SIGTERM))
        _reap_until(main)
    _die_with_parent()
    _check(libc.mount(None, b"/", None, MS_REC_PRIVATE, None), "mount --make-rprivate /")
    _check(libc.mount(b"proc", b"/proc", b"proc", 0, None), "mount /proc")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    # A run that was started in the background inherits an ignored SIGINT; here both end it in order.
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.default_int_handler)


def outside_network():
    """For subprocess's preexec_fn: the network of the machine, for what has to be fetched before it can be tested."""
    _check(libc.setns(_outside, CLONE_NEWNET), "setns")


def processes():
    """{pid: command line} of every living process of this host but the test run itself."""
    own = {1, os.getpid()}
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) in own:
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                state = stat.read().rpartition(")")[2].split()[0]
            with open(f"/proc/{name}/cmdline", "rb") as cmdline:
                command = cmdline.read().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if state not in "ZX":
            found[int(name)] = command
    return found


def mounts_below(folder):
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        points = [line.split()[4] for line in mounts]
    return sorted((point for point in points if point.startswith(f"{folder}/")), reverse=True)
