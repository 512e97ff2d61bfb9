"""What a task definition says of its containers, seen from inside them and from the kernel."""

import datetime
import glob
import os
import pathlib
import uuid

import pytest

from support.docker import free_port
from support.kernel import group_of
from support.runtimes import both
from support.tasks import containers_of, page, run
from support.waiting import wait_until

pytestmark = both

SLEEP = ["/bin/sh", "-c", 'trap "exit 0" TERM; sleep 86400 & wait $!']


def shell(script):
    return ["/bin/sh", "-c", script]


def noting(name, script):
    """Members of a container that does something and notes its end in the folder of the volume `notes`."""
    return {"mountPoints": [{"sourceVolume": "notes", "containerPath": "/notes"}],
            "command": shell(f'trap "echo {name} >>/notes/ended; exit 0" TERM; {script}; sleep 86400 & wait $!')}


def when(text):
    """Docker leaves out the zeros at the end of a time, so texts of them don't compare."""
    return datetime.datetime.fromisoformat(text)


def define(berth, *containers, **task):
    """Registers a definition of several containers and returns its family."""
    family = f"f-{uuid.uuid4().hex[:8]}"
    whole = [{"image": berth.image("busybox"), "memory": 32, "command": SLEEP, **one} for one in containers]
    berth.controller.call("RegisterTaskDefinition", family=family, containerDefinitions=whole, **task)
    return family


def named(task, name):
    found, = [one for one in task["containers"] if one["name"] == name]
    return found


def inspected(berth, arn):
    """What the engine says of the task's containers, by their names in the task."""
    label = "com.amazonaws.ecs.container-name"
    return {one["Config"]["Labels"][label]: one for one in containers_of(berth.agents[0], arn)}


def inside(berth, container, script):
    return berth.agents[0].engine.execute(container["runtimeId"], *shell(script)).stdout.strip()


@pytest.fixture
def one_host(berth):
    """A Berth whose tasks' control groups go with it; cleaned up soon after they have stopped."""
    berth.start(agent_changes={"cleanup_delay": "1s"})
    yield berth
    ids = [arn.rsplit("/", 1)[1] for status in ("RUNNING", "STOPPED")
           for arn in berth.ecs.list_tasks(desiredStatus=status)["taskArns"]]
    berth.close()
    for task_id in ids:
        for folder in glob.glob(f"/sys/fs/cgroup/*/ecs/{task_id}"):
            os.rmdir(folder)


def test_containers_start_in_the_order_of_their_dependencies_and_stop_in_reverse(one_host):
    berth = one_host
    family = define(
        berth,
        {"name": "app", "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}], **noting("app", "true")},
        {"name": "db", **noting("db", "sleep 1; touch /tmp/up"),
         "healthCheck": {"command": ["CMD-SHELL", "ls /tmp/up"], "interval": 5, "timeout": 2},
         "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]},
        {"name": "init", "essential": False, "command": shell("sleep 1"),
         "dependsOn": [{"containerName": "side", "condition": "START"}]},
        {"name": "side", "essential": False, **noting("side", "true")},
        volumes=[{"name": "notes", "host": {"sourcePath": str(berth.folder)}}])
    arn = run(berth, family)[0]
    berth.wait_status(arn, "RUNNING", seconds=60)
    state = {name: one["State"] for name, one in inspected(berth, arn).items()}
    assert state["side"]["StartedAt"] < state["init"]["StartedAt"]
    assert state["init"]["FinishedAt"] < state["db"]["StartedAt"]
    created = when(inspected(berth, arn)["app"]["Created"])
    assert created - when(state["db"]["StartedAt"]) >= datetime.timedelta(seconds=1), "it was not healthy before"

    berth.ecs.stop_task(task=arn)
    task = berth.wait_status(arn, "STOPPED", seconds=60)
    died = (berth.folder / "ended").read_text().split()
    assert sorted(died[:2]) == ["app", "side"] and died[2:] == ["db"], "who is depended on stops last"
    assert {one["name"]: one["exitCode"] for one in task["containers"]} == {"app": 0, "db": 0, "init": 0, "side": 0}


def test_what_depends_on_a_container_that_failed_is_never_created(one_host):
    berth = one_host
    family = define(berth,
                    {"name": "app", "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]},
                    {"name": "init", "essential": False, "command": shell("exit 5")})
    task = berth.wait_status(run(berth, family)[0], "STOPPED")
    assert named(task, "init")["exitCode"] == 5
    assert named(task, "app")["exitCode"] == 143
    assert "dependency on container init can't be met: it ended with exit code 5" in named(task, "app")["reason"]
    assert "runtimeId" not in named(task, "app")


def test_a_start_timeout_ends_the_wait_for_a_dependency(one_host):
    berth = one_host
    family = define(berth,
                    {"name": "app", "dependsOn": [{"containerName": "slow", "condition": "COMPLETE"}]},
                    {"name": "slow", "essential": False, "startTimeout": 2})
    task = berth.wait_status(run(berth, family)[0], "STOPPED")
    assert "startTimeout of 2 s" in named(task, "app")["reason"]


def test_a_restart_policy_starts_the_same_container_again_and_the_task_stays_running(one_host):
    berth = one_host
    family = define(berth, {"name": "app", "command": shell("echo life; sleep 1; exit 3"),
                            "portMappings": [{"containerPort": 80}],
                            "restartPolicy": {"enabled": True, "restartAttemptPeriod": 0}})
    arn = run(berth, family)[0]
    first = berth.wait_status(arn, "RUNNING")["containers"][0]
    engine = berth.agents[0].engine
    wait_until(lambda: engine.output(first["runtimeId"])[0].count("life") >= 3, "three lives", 30)
    task = berth.task(arn)
    assert task["lastStatus"] == "RUNNING"
    assert task["containers"][0]["runtimeId"] == first["runtimeId"]
    bound = inspected(berth, arn)["app"]["HostConfig"]["PortBindings"]["80/tcp"][0]["HostPort"]
    assert first["networkBindings"][0]["hostPort"] == int(bound), "it keeps its host port"
    berth.ecs.stop_task(task=arn)
    assert berth.wait_status(arn, "STOPPED")["stopCode"] == "UserInitiated"


def test_a_restart_policy_lets_an_ignored_exit_code_be_the_end(one_host):
    berth = one_host
    family = define(berth, {"name": "app", "command": shell("exit 4"),
                            "restartPolicy": {"enabled": True, "restartAttemptPeriod": 0, "ignoredExitCodes": [4]}})
    assert berth.wait_status(run(berth, family)[0], "STOPPED")["containers"][0]["exitCode"] == 4


def test_volumes_of_a_task_are_shared_by_its_containers_and_end_with_it(one_host):
    berth = one_host
    mount = [{"sourceVolume": "scratch", "containerPath": "/data"}]
    family = define(
        berth,
        {"name": "writer", "mountPoints": mount, "command": shell("echo hello >/data/note; " + SLEEP[2])},
        {"name": "reader", "mountPoints": [{**mount[0], "readOnly": True}],
         "dependsOn": [{"containerName": "writer", "condition": "START"}]},
        {"name": "heir", "volumesFrom": [{"sourceContainer": "writer", "readOnly": True}]},
        volumes=[{"name": "scratch"}])
    arn = run(berth, family)[0]
    task = berth.wait_status(arn, "RUNNING")
    for name in ("reader", "heir"):
        wait_until(lambda name=name: inside(berth, named(task, name), "cat /data/note") == "hello", f"{name} reads")
        assert "Read-only" in inside(berth, named(task, name), "touch /data/no 2>&1; true")
    engine = berth.agents[0].engine
    # Other tests' tasks leave volumes on this engine when their agent ends before it has cleaned up.
    volume, = [one for one in engine.volumes()
               if one.startswith(f"ecs-{family}-1-scratch-")]
    berth.ecs.stop_task(task=arn)
    berth.wait_status(arn, "STOPPED")
    wait_until(lambda: volume not in engine.volumes(), "the volume gone", 30)


def test_docker_volumes_have_their_drivers_options_and_shared_ones_outlive_tasks(one_host):
    berth = one_host
    name = f"common-{uuid.uuid4().hex[:6]}"
    options = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
    shared = {"scope": "shared", "autoprovision": True, "driver": "local", "labels": {"team": "harbour"}}
    family = define(
        berth,
        {"name": "app", "mountPoints": [{"sourceVolume": "fast", "containerPath": "/fast"},
                                        {"sourceVolume": name, "containerPath": "/common"}]},
        volumes=[{"name": "fast", "dockerVolumeConfiguration": {"scope": "task", "driver": "local",
                                                                "driverOpts": options}},
                 {"name": name, "dockerVolumeConfiguration": shared}])
    arn = run(berth, family)[0]
    container = berth.wait_status(arn, "RUNNING")["containers"][0]
    assert " /fast tmpfs " in inside(berth, container, "cat /proc/mounts")
    engine = berth.agents[0].engine
    assert engine.volume_labels(name) == {"team": "harbour"}
    berth.ecs.stop_task(task=arn)
    berth.wait_status(arn, "STOPPED")
    wait_until(lambda: not containers_of(berth.agents[0], arn), "the containers removed", 30)
    wait_until(lambda: not any(family in one for one in engine.volumes()), "the task's own volume gone", 30)
    assert name in engine.volumes()
    engine.remove_volume(name)


def test_a_shared_volume_that_is_missing_stops_the_task_with_the_reason(one_host):
    berth = one_host
    family = define(berth, {"name": "app", "mountPoints": [{"sourceVolume": "absent", "containerPath": "/x"}]},
                    volumes=[{"name": "absent", "dockerVolumeConfiguration": {"scope": "shared"}}])
    task = berth.wait_status(run(berth, family)[0], "STOPPED")
    assert task["stoppedReason"].startswith("VolumeError: volume absent")


def test_links_let_a_container_find_another_by_name(one_host):
    berth = one_host
    family = define(berth, {"name": "app", "links": ["db:store"]}, {"name": "db"})
    task = berth.wait_status(run(berth, family)[0], "RUNNING")
    hosts = inside(berth, named(task, "app"), "cat /etc/hosts")
    assert "store" in hosts


def test_a_range_of_ports_is_bound_in_a_row_and_told_as_one(one_host):
    berth = one_host
    family = define(berth, {"name": "app", "image": berth.image("httpd"), "command": ["/bin/serve"],
                            "environment": [{"name": "PORT", "value": "8002"}],
                            "portMappings": [{"containerPortRange": "8000-8003", "protocol": "tcp"}]})
    arn = run(berth, family)[0]
    berth.wait_status(arn, "RUNNING")
    # Debian's boto3 drops the members of ranges.
    binding, = berth.controller.call("DescribeTasks", tasks=[arn])["tasks"][0]["containers"][0]["networkBindings"]
    assert binding["containerPortRange"] == "8000-8003" and "containerPort" not in binding
    first, last = (int(one) for one in binding["hostPortRange"].split("-"))
    assert last - first == 3
    assert wait_until(lambda: page(first + 2), "the page behind the third port")
    assert page(first) is None


def test_the_size_of_a_task_limits_all_its_containers_together(one_host):
    berth = one_host
    family = define(berth, {"name": "app", "memory": 32}, {"name": "side", "memory": 32}, cpu="256", memory="80")
    arn = run(berth, family)[0]
    berth.wait_status(arn, "RUNNING")
    parents = set()
    for one in inspected(berth, arn).values():
        memory = group_of(one["State"]["Pid"], "memory").parent
        cpu = group_of(one["State"]["Pid"], "cpu").parent
        assert memory.name == arn.rsplit("/", 1)[1]
        assert int((memory / "memory.limit_in_bytes").read_text()) == 80 << 20
        assert int((cpu / "cpu.cfs_quota_us").read_text()) == 25000
        parents |= {memory, cpu}
    assert len(parents) == 2, "both containers are in the same groups"
    berth.ecs.stop_task(task=arn)
    berth.wait_status(arn, "STOPPED")
    wait_until(lambda: not any(one.exists() for one in parents), "the task's groups removed", 30)
    assert not glob.glob(f"/sys/fs/cgroup/*/ecs/{arn.rsplit('/', 1)[1]}")


def test_linux_parameters_are_what_the_container_sees(one_host):
    berth = one_host
    port = free_port()
    family = define(
        berth,
        {"name": "app", "user": "1000:1000", "workingDirectory": "/tmp", "hostname": "lighthouse",
         "readonlyRootFilesystem": True, "disableNetworking": False,
         "dnsServers": ["192.0.2.53"], "dnsSearchDomains": ["harbour.example"],
         "extraHosts": [{"hostname": "quay", "ipAddress": "192.0.2.7"}],
         "ulimits": [{"name": "nofile", "softLimit": 123, "hardLimit": 456}],
         "systemControls": [{"namespace": "net.ipv4.ip_unprivileged_port_start", "value": "77"}],
         "portMappings": [{"containerPort": 80, "hostPort": port}],
         "linuxParameters": {"initProcessEnabled": True, "sharedMemorySize": 16,
                             "capabilities": {"add": ["NET_ADMIN"], "drop": ["MKNOD"]},
                             "devices": [{"hostPath": "/dev/null", "containerPath": "/dev/void"}],
                             "tmpfs": [{"containerPath": "/scratch", "size": 8, "mountOptions": ["noexec"]}]}})
    arn = run(berth, family)[0]
    container = berth.wait_status(arn, "RUNNING")["containers"][0]
    assert inside(berth, container, "echo $PWD; hostname") == "/tmp\nlighthouse"
    mounts = inside(berth, container, "cat /proc/mounts").splitlines()
    options = {line.split()[1]: line.split()[3].split(",") for line in mounts}
    assert "ro" in options["/"]
    assert "size=16384k" in options["/dev/shm"]
    assert "size=8192k" in options["/scratch"] and "noexec" in options["/scratch"]
    resolv = inside(berth, container, "cat /etc/resolv.conf")
    assert "nameserver 192.0.2.53" in resolv and "search harbour.example" in resolv
    assert "192.0.2.7\tquay" in inside(berth, container, "cat /etc/hosts")
    assert inside(berth, container, "cat /proc/sys/net/ipv4/ip_unprivileged_port_start") == "77"
    assert inside(berth, container, "ls /dev/void") == "/dev/void"

    pid = inspected(berth, arn)["app"]["State"]["Pid"]
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                  if ":\t" in line)
    assert status["Uid"].split()[0] == "1000" and status["Gid"].split()[0] == "1000"
    bounding = int(status["CapBnd"], 16)
    assert bounding >> 12 & 1, "NET_ADMIN was added"
    assert not bounding >> 27 & 1, "MKNOD was dropped"
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    assert [line.split()[3:5] for line in limits.splitlines() if line.startswith("Max open files")] == [["123", "456"]]
    assert pathlib.Path(f"/proc/{pid}/comm").read_text().strip() in ("docker-init", "tini")


def test_pid_and_ipc_modes_of_the_host_are_the_hosts_namespaces(one_host):
    berth = one_host
    families = {"host": define(berth, {"name": "app"}, pidMode="host", ipcMode="host"),
                "own": define(berth, {"name": "app"})}
    engine = berth.agents[0].engine.program.pid
    for kind, family in families.items():
        arn = run(berth, family)[0]
        berth.wait_status(arn, "RUNNING")
        pid = inspected(berth, arn)["app"]["State"]["Pid"]
        for space in ("pid", "ipc"):
            same = os.readlink(f"/proc/{pid}/ns/{space}") == os.readlink(f"/proc/{engine}/ns/{space}")
            assert same == (kind == "host"), (kind, space)


def test_pid_and_ipc_modes_of_the_task_are_shared_by_its_containers_and_by_nobody_else(one_host):
    berth = one_host
    family = define(berth, {"name": "app"}, {"name": "side", "essential": False}, pidMode="task", ipcMode="task")
    arn = run(berth, family)[0]
    task = berth.wait_status(arn, "RUNNING")
    assert sorted(one["name"] for one in task["containers"]) == ["app", "side"]
    found = inspected(berth, arn)
    spaces = {name: [os.readlink(f"/proc/{one['State']['Pid']}/ns/{space}") for space in ("pid", "ipc")]
              for name, one in found.items()}
    assert spaces["app"] == spaces["side"] == spaces["~internal~ecs~pause"]
    assert spaces["app"] != [os.readlink(f"/proc/self/ns/{space}") for space in ("pid", "ipc")]
    assert "/pause" in inside(berth, named(task, "app"), "cat /proc/1/cmdline")
    berth.ecs.stop_task(task=arn)
    berth.wait_status(arn, "STOPPED")
    assert wait_until(lambda: not inspected(berth, arn), "its containers' end") is not None


def test_processes_that_outlive_their_container_are_ended_before_it_is_stopped(one_host):
    berth = one_host
    marker = f"1{uuid.uuid4().int % 10**6:06}"
    # In the host's process namespace nothing ends a process whose parent has gone.
    family = define(berth, {"name": "app", "command": shell(f"setsid sleep {marker} & sleep 2; exit 0")}, pidMode="host")
    arn = run(berth, family)[0]
    berth.wait_status(arn, "RUNNING")

    def lives():
        for folder in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                if pathlib.Path(folder).read_bytes().split(b"\0")[:2] == [b"sleep", marker.encode()]:
                    return True
            except OSError:
                pass
        return False

    berth.wait_status(arn, "STOPPED")
    assert not lives()


def test_privileged_containers_have_the_hosts_devices(one_host):
    berth = one_host
    family = define(berth, {"name": "app", "privileged": True})
    arn = run(berth, family)[0]
    task = wait_until(lambda: (one := berth.task(arn))["lastStatus"] in ("RUNNING", "STOPPED") and one, "an outcome")
    if task["lastStatus"] == "STOPPED":
        # Where this host's own root lacks capabilities, the runtime can't give them: only who is privileged
        # asks for them.
        reason = task["containers"][0]["reason"]
        assert "unable to apply caps" in reason or "capset: Operation not permitted" in reason, reason
        return
    pid = inspected(berth, arn)["app"]["State"]["Pid"]
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    own = pathlib.Path("/proc/self/status").read_text()
    bounding = [line for line in status.splitlines() if line.startswith("CapBnd")]
    assert bounding == [line for line in own.splitlines() if line.startswith("CapBnd")]


def test_a_stop_timeout_is_the_time_between_the_signal_and_the_kill(one_host):
    berth = one_host
    family = define(berth, {"name": "app", "stopTimeout": 3, "command": shell('trap "" TERM; sleep 86400')})
    arn = run(berth, family)[0]
    berth.wait_status(arn, "RUNNING")
    began = berth.ecs.stop_task(task=arn)["task"]["stoppingAt"]
    task = berth.wait_status(arn, "STOPPED")
    assert task["containers"][0]["exitCode"] == 137
    taken = (task["executionStoppedAt"] - began).total_seconds()
    assert 2.9 <= taken <= 6


def test_network_modes_host_and_none_are_that(one_host):
    berth = one_host
    port = free_port()
    host = define(berth, {"name": "app", "image": berth.image("httpd"), "command": ["/bin/serve"],
                          "environment": [{"name": "PORT", "value": str(port)}],
                          "portMappings": [{"containerPort": port}]}, networkMode="host")
    arn = run(berth, host)[0]
    berth.wait_status(arn, "RUNNING")
    assert wait_until(lambda: page(port), "the page on the host's own port")
    none = define(berth, {"name": "app"}, networkMode="none")
    container = berth.wait_status(run(berth, none)[0], "RUNNING")["containers"][0]
    devices = inside(berth, container, "cat /proc/net/dev").splitlines()[2:]
    assert [line.split(":")[0].strip() for line in devices if ":" in line] in (["lo"], [])
