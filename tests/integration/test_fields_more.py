"""What limits, logs, order, namespaces, ports, devices and refusals of a task definition come to on the host.

One agent for all: its settings leave short stops, few processes to a task and no privileges.
"""

import contextlib
import datetime
import json
import os
import pathlib
import socket
import subprocess
import uuid

import pytest

from support.kernel import group_of
from support.local import SLEEP, Local
from support.runtimes import both
from support.streams import refused_logs
from support.waiting import wait_until

pytestmark = both

PIDS = 64
STOP_TIMEOUT = 2
# What memory.limit_in_bytes says of no limit: the most whole pages.
UNLIMITED = (1 << 63) - 4096
MIB = 1 << 20


def shell(script):
    return ["/bin/sh", "-c", script]


def until_stopped(script, at_the_end="exit 0"):
    """A program that does something, then waits for its TERM."""
    return shell(f'trap "{at_the_end}" TERM; {script}; sleep 86400 & wait $!')


@pytest.fixture(scope="module")
def local(run_folder, engines, registry):
    with Local(run_folder, engines, registry, {"stop_timeout": f"{STOP_TIMEOUT}s", "task_pids_limit": PIDS,
                                               "privileged": {"allowed": False}}) as one:
        yield one


def define(local, *containers, **task):
    """Registers a definition and returns its family; a member that is None is left out."""
    family = f"m-{uuid.uuid4().hex[:8]}"
    whole = [{"image": local.berth.image("busybox"), "memory": 16, "command": SLEEP, **one} for one in containers]
    given = [{name: value for name, value in one.items() if value is not None} for one in whole]
    local.berth.controller.call("RegisterTaskDefinition", family=family, containerDefinitions=given, **task)
    return family


def started(local, *containers, **task):
    """The ARN of a task that runs, and what Docker says of its containers by their names."""
    arn = local.run(define(local, *containers, **task))
    return arn, local.containers(arn)


def ended(local, *containers, **task):
    """A task that stopped by itself: its containers by their names."""
    arn = local.run(define(local, *containers, **task), until="STOPPED")
    return {one["name"]: one for one in local.berth.task(arn)["containers"]}


def inside(local, container, script):
    return local.agent.engine.execute(container["Id"], *shell(script)).stdout.strip()


def said(local, container):
    return local.agent.engine.output(container["Id"])[0]


def first(container, *path):
    """A file or folder of /proc about the container's first process."""
    return pathlib.Path("/proc", str(container["State"]["Pid"]), *path)


def status_of(container, name):
    lines = first(container, "status").read_text().splitlines()
    return next(line.split(":")[1].strip() for line in lines if line.startswith(f"{name}:"))


def group(container, controller):
    """The folder of the container's control group; its parent is the task's."""
    return group_of(container["State"]["Pid"], controller)


def number(folder, file):
    return int((folder / file).read_text())


def when(text):
    """Docker leaves out the zeros at the end of a time, so texts of them don't compare."""
    return datetime.datetime.fromisoformat(text)


# ---- processes and limits

def test_the_entry_point_is_in_front_of_the_command_and_replaces_the_images_own(local):
    _, docker = started(local, {"name": "both", "entryPoint": ["/bin/sleep", "86400"], "command": ["1", "2"]},
                        {"name": "alone", "entryPoint": SLEEP, "command": None})
    argv = {name: first(one, "cmdline").read_text().split("\0")[:-1] for name, one in docker.items()}
    assert argv == {"both": ["/bin/sleep", "86400", "1", "2"], "alone": SLEEP}


LIMITS = {
    "both": ({"memory": 48, "memoryReservation": 24, "cpu": 256},
             {"memory.limit_in_bytes": 48 * MIB, "memory.soft_limit_in_bytes": 24 * MIB,
              # As much swap again as memory is what Docker gives where nobody says.
              "memory.memsw.limit_in_bytes": 96 * MIB, "cpu.shares": 256}),
    "soft": ({"memory": None, "memoryReservation": 24},
             {"memory.limit_in_bytes": UNLIMITED, "memory.soft_limit_in_bytes": 24 * MIB, "cpu.shares": 2}),
    "swap": ({"memory": 32, "linuxParameters": {"maxSwap": 16, "swappiness": 10}},
             {"memory.limit_in_bytes": 32 * MIB, "memory.memsw.limit_in_bytes": 48 * MIB, "memory.swappiness": 10}),
    "noswap": ({"memory": 32, "linuxParameters": {"maxSwap": 0}},
               {"memory.limit_in_bytes": 32 * MIB, "memory.memsw.limit_in_bytes": 32 * MIB}),
}


def test_the_cpu_memory_and_swap_of_a_container_are_those_of_its_control_group(local):
    _, docker = started(local, *({"name": name, **given} for name, (given, _) in LIMITS.items()))
    seen = {name: {file: number(group(docker[name], file.split(".")[0]), file) for file in files}
            for name, (_, files) in LIMITS.items()}
    assert seen == {name: files for name, (_, files) in LIMITS.items()}


def test_a_task_without_cpu_has_the_shares_of_its_containers_and_the_agents_limit_of_processes(local):
    arn, docker = started(local, {"name": "app", "cpu": 256}, {"name": "side", "cpu": 128}, memory="64")
    cpu, memory, pids = (group(docker["app"], one).parent for one in ("cpu", "memory", "pids"))
    assert {one.name for one in (cpu, memory, pids)} == {arn.rpartition("/")[2]}
    assert (number(cpu, "cpu.shares"), number(cpu, "cpu.cfs_quota_us")) == (384, -1)
    assert number(memory, "memory.limit_in_bytes") == 64 * MIB
    assert number(pids, "pids.max") == PIDS
    assert group(docker["side"], "pids").parent == pids, "it holds for all containers together"


def test_the_cpu_of_a_task_holds_up_what_takes_more(local):
    _, docker = started(local, {"name": "app", "command": until_stopped("true")},
                        {"name": "busy", "command": shell("while true; do true; done")}, cpu="128")
    task = group(docker["busy"], "cpu").parent
    assert number(task, "cpu.cfs_quota_us") * 8 == number(task, "cpu.cfs_period_us")

    def throttled():
        return int(dict(line.split() for line in (task / "cpu.stat").read_text().splitlines())["nr_throttled"])
    wait_until(lambda: throttled() >= 3, "the kernel makes it wait")


def test_a_fork_bomb_fails_at_the_tasks_limit_of_processes(local):
    bomb = "(i=0; while [ $i -lt 200 ]; do sleep 86400 & i=$((i+1)); done); echo bomb $?; exec sleep 86400"
    # What starts beside it would be missing a process, or lend it one.
    _, docker = started(local, {"name": "app", "command": shell(bomb),
                                "dependsOn": [{"containerName": "side", "condition": "START"}]}, {"name": "side"})
    wait_until(lambda: "bomb 2" in said(local, docker["app"]), "the bomb's own end")
    assert "can't fork" in local.agent.engine.output(docker["app"]["Id"])[1]
    assert number(group(docker["app"], "pids").parent, "pids.current") == PIDS - 1, \
        "as many as may be, but for the shell that failed"


# ---- logs

def logging(driver, secrets=(), **options):
    names = {name.replace("_", "-"): value for name, value in options.items()}
    return {"logDriver": driver, "options": names, "secretOptions": list(secrets)}


def log_files(local, container):
    return {path.name.removeprefix(container["Id"]): path for path in local.agent.engine.log_files(container["Id"])}


def test_a_log_in_json_files_is_rotated_at_its_size_and_keeps_so_many(local):
    lines = 'i=0; while [ $i -lt 1000 ]; do echo "line $i of a thousand lines"; i=$((i+1)); done'
    _, docker = started(local, {"name": "app", "command": until_stopped(lines),
                                "logConfiguration": logging("json-file", max_size="20k", max_file="3")})
    newest = log_files(local, docker["app"])["-json.log"]
    wait_until(lambda: "line 999 " in newest.read_text(), "the last line on the disk")
    files = log_files(local, docker["app"])
    assert sorted(files) == ["-json.log", "-json.log.1", "-json.log.2"]
    sizes = {name: path.stat().st_size for name, path in files.items()}
    # Docker writes a line and then looks, the log keeper looks before it writes one.
    assert all(19_800 <= sizes[name] < 20_200 for name in ("-json.log.1", "-json.log.2")), sizes
    assert sizes["-json.log"] < 20_200
    assert not any("line 1 " in path.read_text() for path in files.values()), "the oldest are gone"


def test_the_log_driver_none_leaves_nothing_to_read(local):
    family = define(local, {"name": "app", "command": until_stopped("echo hello; touch /tmp/said")})

    def silence(task):
        """The API has no name for this driver; the agent does."""
        docker = task["containers"][0]["dockerConfig"]
        docker["hostConfig"] = json.dumps({**json.loads(docker["hostConfig"]), "LogConfig": {"Type": "none"}})
    local.relay.edits[family] = silence
    arn = local.run(family)
    docker = local.containers(arn)
    wait_until(lambda: "said" in inside(local, docker["app"], "ls /tmp"), "it has spoken")
    status, kind, message = refused_logs(local.berth, task=arn)
    assert (status, kind) == (400, "ClientException") and "log driver none" in message, message
    assert log_files(local, docker["app"]) == {}


@pytest.mark.parametrize("scheme", ["udp", "unixgram"])
def test_the_log_driver_syslog_sends_lines_with_tag_facility_and_format(local, scheme):
    path = local.folder / "syslog"
    path.unlink(missing_ok=True)
    family, place = (socket.AF_INET, ("127.0.0.1", 0)) if scheme == "udp" else (socket.AF_UNIX, str(path))
    with socket.socket(family, socket.SOCK_DGRAM) as listener:
        listener.bind(place)
        listener.settimeout(10)
        address = f"udp://127.0.0.1:{listener.getsockname()[1]}" if scheme == "udp" else f"unixgram://{path}"
        started(local, {"name": "app", "command": until_stopped("echo fair; echo foul >&2"),
                        "logConfiguration": logging("syslog", syslog_address=address, syslog_facility="local3",
                                                    syslog_format="rfc5424", tag="pier/{{.ImageName}}")})
        heads = {text: head for head, _, text in (listener.recv(4096).decode().rpartition(" - ") for _ in range(2))}
    tag = f"pier/{local.berth.image('busybox')}"
    # Facility 19, of severity 6 what comes from the standard output, 3 what comes from its errors.
    assert {text.strip(): (head.split()[0], head.split()[3]) for text, head in heads.items()} == {
        "fair": ("<158>1", tag), "foul": ("<155>1", tag)}


def test_the_log_driver_fluentd_sends_records_with_tag_and_labels(local):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        started(local, {"name": "app", "command": until_stopped("echo ahoy"), "logConfiguration": logging(
            "fluentd", fluentd_address=f"127.0.0.1:{server.getsockname()[1]}", tag="pier.seven",
            labels="com.amazonaws.ecs.container-name")})
        peer, _ = server.accept()
        with peer:
            peer.settimeout(10)
            got = b""
            while b"ahoy" not in got or b"container-name" not in got:
                more = peer.recv(4096)
                assert more, got
                got += more
    # MessagePack: a text of up to 31 bytes follows 0xa0 + its length.
    for part in ("pier.seven", "com.amazonaws.ecs.container-name", "app", "log", "ahoy", "stdout"):
        head = bytes([0xa0 + len(part)]) if len(part) < 32 else bytes([0xd9, len(part)])
        assert head + part.encode() in got, part


def test_a_log_that_blocks_nobody_lets_its_container_go_on_when_it_is_not_read(local):
    with contextlib.closing(socket.socket()) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.bind(("127.0.0.1", 0))
        server.listen()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        # More than sockets and pipes hold.
        talk = until_stopped("dd if=/dev/zero bs=65536 count=512 2>/dev/null; touch /tmp/done")
        _, docker = started(
            local,
            {"name": "free", "command": talk, "logConfiguration": logging(
                "syslog", syslog_address=address, mode="non-blocking", max_buffer_size="1m")},
            {"name": "held", "command": talk, "logConfiguration": logging("syslog", syslog_address=address)})
        wait_until(lambda: inside(local, docker["free"], "ls /tmp") == "done", "the container goes on")
        held = (group(docker["held"], "memory") / "cgroup.procs").read_text().split()
        wait_until(lambda: any("pipe_write" in pathlib.Path("/proc", pid, "wchan").read_text() for pid in held),
                   "the other waits for its log")
        assert inside(local, docker["held"], "ls /tmp") == ""


# ---- restarts, order and stops

def test_a_life_of_the_restart_period_is_followed_by_another_and_a_shorter_one_by_the_tasks_end(local):
    lives = "echo life; [ -e /tmp/once ] && exit 4; touch /tmp/once; sleep 2.5; exit 3"
    family = define(local, {"name": "app", "command": shell(lives),
                            "restartPolicy": {"enabled": True, "restartAttemptPeriod": 2}})
    arn = local.run(family, until="STOPPED")
    assert local.berth.task(arn)["containers"][0]["exitCode"] == 4
    assert said(local, local.containers(arn)["app"]).split() == ["life", "life"]


def test_the_wait_between_short_lives_grows(local):
    arn = local.run(define(local, {"name": "app", "command": shell("cat /proc/uptime; sleep 0.3; cat /proc/uptime; exit 3"),
                                   "restartPolicy": {"enabled": True, "restartAttemptPeriod": 0}}))
    container = local.containers(arn)["app"]

    def four():
        times = [float(one.split()[0]) for one in said(local, container).splitlines()]
        return times if len(times) >= 7 else None
    times = wait_until(four, "the start of a fourth life", 30)
    waits = [start - end for end, start in zip(times[1::2], times[2::2])]
    assert waits[1] >= 1 and waits[2] >= 2 and waits[0] < waits[2], waits
    local.stop(arn)


def test_a_stop_timeout_longer_than_the_agents_holds_and_none_means_the_agents(local):
    arn, docker = started(
        local, {"name": "slow", "stopTimeout": 8, "command": until_stopped("true", "sleep 3; exit 7")},
        {"name": "deaf", "stopTimeout": 0, "command": shell('trap "" TERM; sleep 86400')})
    began = local.berth.ecs.stop_task(task=arn)["task"]["stoppingAt"]
    task = local.berth.wait_status(arn, "STOPPED")
    assert {one["name"]: one["exitCode"] for one in task["containers"]} == {"slow": 7, "deaf": 137}
    docker = local.containers(arn)
    taken = {name: (when(one["State"]["FinishedAt"]) - began).total_seconds() for name, one in docker.items()}
    assert STOP_TIMEOUT - 0.1 <= taken["deaf"] < 8 and taken["slow"] >= 3, taken


def test_who_waits_for_an_end_or_a_success_is_created_after_it(local):
    _, docker = started(
        local, {"name": "app", "dependsOn": [{"containerName": "fails", "condition": "COMPLETE"},
                                             {"containerName": "works", "condition": "SUCCESS"}]},
        {"name": "fails", "essential": False, "command": shell("sleep 0.5; exit 5")},
        {"name": "works", "essential": False, "command": shell("sleep 1")})
    ends = {name: docker[name]["State"] for name in ("fails", "works")}
    assert {name: state["ExitCode"] for name, state in ends.items()} == {"fails": 5, "works": 0}
    assert max(when(state["FinishedAt"]) for state in ends.values()) <= when(docker["app"]["Created"])


def test_a_start_timeout_ends_the_wait_for_a_container_that_does_not_get_healthy(local):
    containers = ended(
        local, {"name": "app", "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]},
        {"name": "db", "startTimeout": 1, "healthCheck": {"command": ["CMD-SHELL", "ls /tmp/up"], "interval": 5}})
    assert "did not be healthy within its startTimeout of 1 s" in containers["app"]["reason"]
    assert "runtimeId" not in containers["app"] and containers["db"]["exitCode"] == 0


@pytest.mark.parametrize("tie", [{"links": ["db"]}, {"volumesFrom": [{"sourceContainer": "db"}]}],
                         ids=["links", "volumesFrom"])
def test_who_is_linked_to_or_shares_its_volumes_stops_last(local, tie):
    # If it were told to stop at the same time, it would end half a second before the other.
    arn, _ = started(local, {"name": "app", "command": until_stopped("true", "sleep 0.5; exit 0"), **tie},
                     {"name": "db"})
    local.stop(arn)
    state = {name: one["State"] for name, one in local.containers(arn).items()}
    assert {name: one["ExitCode"] for name, one in state.items()} == {"app": 0, "db": 0}
    assert when(state["app"]["FinishedAt"]) <= when(state["db"]["FinishedAt"])


# ---- namespaces

MODES = {"own": {}, "none": {"ipcMode": "none"}, "ipc": {"ipcMode": "task"}, "pid": {"pidMode": "task"}}


@pytest.mark.parametrize("mode", MODES)
def test_what_a_container_sees_of_its_neighbours_processes_and_shared_memory(local, mode):
    mark, size = (uuid.uuid4().int % 10**6 + 10**6 for _ in range(2))
    look = "cat /proc/[0-9]*/cmdline; echo; cat /proc/sysvipc/shm; ls /dev/shm; cat /proc/mounts"
    _, docker = started(local, {"name": "app", "command": ["/bin/sleep", str(mark)]}, {"name": "side"}, **MODES[mode])
    subprocess.run(["nsenter", f"--ipc={first(docker['app'], 'ns/ipc')}", "ipcmk", "-M", str(size)], check=True,
                   stdout=subprocess.DEVNULL)
    if mode != "none":
        inside(local, docker["app"], "touch /dev/shm/note")
    seen = {name: inside(local, docker[name], look) for name in ("app", "side")}
    assert str(size) in seen["app"] and str(mark) in seen["app"]
    assert (f"sleep\0{mark}" in seen["side"]) == (mode == "pid")
    assert (str(size) in seen["side"], "\nnote\n" in seen["side"]) == (mode == "ipc", mode == "ipc")
    assert all((" /dev/shm " in text) == (mode != "none") for text in seen.values())


def test_a_container_without_networking_has_the_loopback_only(local):
    _, docker = started(local, {"name": "app", "disableNetworking": True}, {"name": "side"})
    devices = {name: [line.split(":")[0].strip() for line in inside(local, one, "cat /proc/net/dev").splitlines()[2:]]
               for name, one in docker.items()}
    assert "eth0" in devices["side"] and "eth0" not in devices["app"]
    assert devices["app"] == [one for one in devices["side"] if one != "eth0"] and "lo" in devices["app"]
    assert inside(local, docker["app"], "cat /proc/net/route").count("\n") == 0, "no way out"


# ---- neighbours and ports

def test_a_link_reaches_the_neighbour_by_its_alias(local):
    _, docker = started(local, {"name": "app", "links": ["db:store"]},
                        {"name": "db", "image": local.berth.image("httpd"), "command": ["/bin/serve"],
                         "environment": [{"name": "ANSWER", "value": "aye"}]})
    fetch = "wget -q -O - http://store/ || true"
    page = wait_until(lambda: inside(local, docker["app"], fetch), "the neighbour's page")
    assert page == f"container {docker['db']['Id'][:12]} answer aye"


ANSWER = """
import selectors, socket, sys
ready = selectors.DefaultSelector()
for port in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind(("", port))
    ready.register(one, selectors.EVENT_READ, port)
while True:
    for key, _ in ready.select():
        text, peer = key.fileobj.recvfrom(64)
        key.fileobj.sendto(b"%d heard %s" % (key.data, text), peer)
"""


def heard(port):
    """What answers to a datagram at a port of this host, None while nobody does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(1)
        asking.connect(("127.0.0.1", port))
        try:
            asking.send(b"hail")
            return asking.recv(64).decode()
        except OSError:
            return None


HOST = {"usr": "/usr", "lib": "/usr/lib", "lib64": "/usr/lib64"}


def udp_server(name, ports, mapping):
    """No program of the sample images speaks UDP: the host's Python does."""
    mounts = [{"sourceVolume": one, "containerPath": f"/{one}", "readOnly": True} for one in HOST]
    return {"name": name, "memory": 64, "mountPoints": mounts, "portMappings": [{**mapping, "protocol": "udp"}],
            "command": ["/usr/bin/python3", "-S", "-c", ANSWER, *ports]}


def test_udp_ports_answer_one_by_one_and_in_a_range(local):
    volumes = [{"name": name, "host": {"sourcePath": path}} for name, path in HOST.items()]
    found = {}
    for server in (udp_server("any", ["9000", "9000"], {"containerPort": 9000}),
                   udp_server("given", ["9001", "9001"], {"containerPort": 9001, "hostPort": 9999}),
                   udp_server("row", ["9100", "9102"], {"containerPortRange": "9100-9102"})):
        arn, _ = started(local, server, volumes=volumes)
        container, = local.berth.controller.call("DescribeTasks", tasks=[arn])["tasks"][0]["containers"]
        found[container["name"]], = container["networkBindings"]
    assert {one["protocol"] for one in found.values()} == {"udp"} and found["given"]["hostPort"] == 9999
    least, most = (int(port) for port in found["row"]["hostPortRange"].split("-"))
    ports = [found["any"]["hostPort"], found["given"]["hostPort"], *range(least, most + 1)]
    assert [wait_until(lambda port=port: heard(port), f"an answer at {port}") for port in ports] == [
        f"{port} heard hail" for port in (9000, 9001, 9100, 9101, 9102)]


# ---- devices, rights and terminals

def test_a_device_has_its_other_name_and_only_the_permissions_given(local):
    # Docker allows the likes of /dev/null and /dev/zero to every container, so another one shows what is not given.
    host = next(path for path in ("/dev/fuse", "/dev/loop-control") if os.path.exists(path))

    def with_device(name, *permissions):
        return {"name": name, "linuxParameters": {"devices": [
            {"hostPath": host, "containerPath": "/dev/berth", "permissions": list(permissions)},
            {"hostPath": "/dev/zero", "containerPath": "/dev/nothing"}]}}

    _, docker = started(local, with_device("reads", "read"), with_device("writes", "read", "write"))
    attempts = {name: [inside(local, one, f"(: {sign}/dev/berth) 2>&1 || true") for sign in "<>"]
                for name, one in docker.items()}
    assert attempts["writes"] == ["", ""]
    assert attempts["reads"][0] == "" and "Operation not permitted" in attempts["reads"][1]
    assert inside(local, docker["reads"], "dd if=/dev/nothing bs=3 count=1 2>/dev/null | busybox xxd -p") == "000000"


def test_the_security_option_no_new_privileges_is_the_kernels_flag(local):
    _, docker = started(local, {"name": "held", "dockerSecurityOptions": ["no-new-privileges"]}, {"name": "free"})
    assert {name: status_of(one, "NoNewPrivs") for name, one in docker.items()} == {"held": "1", "free": "0"}


def test_a_pseudo_terminal_and_an_open_input_are_what_the_program_has(local):
    look = "for fd in 0 1 2; do test -t $fd && echo $fd; done; echo looked"
    arn, docker = started(
        local, {"name": "tty", "pseudoTerminal": True, "command": until_stopped(look)},
        {"name": "plain", "command": until_stopped(look)},
        {"name": "open", "essential": False, "interactive": True,
         "command": shell("read line; echo got $line; exit 9")})
    seen = {name: wait_until(lambda name=name: "looked" in (text := said(local, docker[name])) and text, "its look")
            for name in ("tty", "plain")}
    assert {name: text.split() for name, text in seen.items()} == {"tty": ["0", "1", "2", "looked"],
                                                                   "plain": ["looked"]}
    assert os.readlink(first(docker["plain"], "fd/0")) == "/dev/null"
    local.agent.engine.feed(docker["open"]["Id"], "a line\n")
    wait_until(lambda: said(local, docker["open"]) == "got a line\n", "what it has read")
    wait_until(lambda: local.containers(arn)["open"]["State"]["ExitCode"] == 9, "its end")
