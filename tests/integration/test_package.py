"""The Debian packages: what is in them, and their life on a Debian of the test's own, booted with systemd."""

import http.server
import pathlib
import re
import subprocess
import threading

import pytest
import yaml

from support.berth import binary
from support.debian import System, build_packages, dependencies, field, repacked, said, unpack
from support.tasks import TASK_LABEL, register, run
from support.waiting import wait_until
from support.wire import Key

TREE = pathlib.Path(__file__).parents[2]
UNITS = sorted((TREE / "systemd").glob("*.service"))
AGENT = "berth-agent.service"
ENDPOINT = "berth-agent-endpoint.service"
SHUTDOWN = "berth-agent-shutdown.service"
CONFIG = "/etc/berth/agent.yaml"
FOR_CONTAINERD = "berth-agent-containerd.conf"
NEXT = "99.0.1"
MOST_EXPOSURE = 40

AGENT_FILES = {
    "./etc/berth/agent.yaml": "-rw-r-----",
    "./usr/bin/berth-agent": "-rwxr-xr-x",
    "./usr/bin/berth-crun": "-rwxr-xr-x",
    "./usr/bin/berth-log-keeper": "-rwxr-xr-x",
    "./usr/lib/systemd/system/berth-agent.service": "-rw-r--r--",
    "./usr/lib/systemd/system/berth-agent-endpoint.service": "-rw-r--r--",
    "./usr/lib/systemd/system/berth-agent-shutdown.service": "-rw-r--r--",
    "./usr/lib/systemd/system/berth-log-keeper.service": "-rw-r--r--",
    "./usr/libexec/berth/berth-endpoint-rules": "-rwxr-xr-x",
    f"./usr/share/doc/berth-agent/examples/{FOR_CONTAINERD}": "-rw-r--r--",
}
CONTROLLER_FILES = {
    "./etc/berth/controller.yaml": "-rw-r--r--",
    "./usr/bin/berth-controller": "-rwxr-xr-x",
    "./usr/lib/systemd/system/berth-controller.service": "-rw-r--r--",
    "./usr/lib/sysusers.d/berth.conf": "-rw-r--r--",
}
CLI_FILES = {
    "./usr/bin/berth": "-rwxr-xr-x",
    "./usr/share/bash-completion/completions/berth": "-rw-r--r--",
}
CLI_DOCUMENTS = ["CHANGELOG.md", "cli.md", "copyright"]
DOCUMENTS = ["CHANGELOG.md", "compatibility.md", "configure.md", "copyright", "install.md", "run-as-a-service.md",
             "troubleshoot.md"]


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    return build_packages(tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="module")
def next_agent(packages, tmp_path_factory):
    return repacked(packages["berth-agent"], tmp_path_factory.mktemp("next"), NEXT)


@pytest.fixture(scope="module")
def bare(packages, tmp_path_factory):
    """The least Debian that has what both packages depend on."""
    tree = unpack(dependencies(packages.values()), tmp_path_factory.mktemp("bare"))
    yield tree
    subprocess.run(["umount", tree], check=True)


@pytest.fixture
def system(bare, tmp_path):
    one = System(tmp_path, bare)
    yield one
    one.close()


@pytest.mark.parametrize("name, files, documents", [
    ("berth-agent", AGENT_FILES, DOCUMENTS), ("berth-controller", CONTROLLER_FILES, DOCUMENTS),
    ("berth", CLI_FILES, CLI_DOCUMENTS)])
def test_a_package_holds_what_it_should_and_nothing_else(packages, name, files, documents):
    package = packages[name]
    version = re.search(r"project\(berth VERSION (\S+)", (TREE / "CMakeLists.txt").read_text()).group(1)
    assert package.name == f"{name}_{version}_amd64.deb"
    assert [field(package, one) for one in ("Package", "Version", "Architecture")] == [name, version, "amd64"]
    found = {line.split()[5]: line.split()[:2] for line in said("dpkg-deb", "--contents", package).splitlines()}
    expected = files | {f"./usr/share/doc/{name}/{one}": "-rw-r--r--" for one in documents}
    assert {path: mode for path, (mode, _) in found.items() if not mode.startswith("d")} == expected
    assert {mode for mode, _ in found.values() if mode.startswith("d")} == {"drwxr-xr-x"}
    assert {owner for _, owner in found.values()} == {"root/root"}


def test_the_agent_depends_on_what_it_uses(packages, tmp_path):
    package = packages["berth-agent"]
    subprocess.run(["dpkg-deb", "--raw-extract", package, tmp_path / "tree"], check=True)
    assert {"libc6", "libssl3", "iptables", "iproute2"} <= set(dependencies([package]))
    assert (tmp_path / "tree/DEBIAN/conffiles").read_text() == f"{CONFIG}\n"
    for script in ("postinst", "prerm", "postrm"):
        subprocess.run(["/bin/sh", "-n", tmp_path / "tree/DEBIAN" / script], check=True)
    assert said("file", "-b", tmp_path / "tree/usr/bin/berth-agent").rstrip().endswith(", stripped")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_sandboxed(unit):
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSURE}", unit]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figure = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout).group(1)
    # The page tells the figure of each unit, so it follows.
    assert f"| `{unit.name}` | {figure} |" in (TREE / "docs/run-as-a-service.md").read_text()


def test_without_a_running_systemd_it_installs_upgrades_and_purges(system, packages, next_agent):
    before = system.files()
    system.dpkg("--install", packages["berth-agent"])
    version = field(packages["berth-agent"], "Version")
    assert system.run("berth-agent", "--version").stdout == f"berth-agent {version}\n"
    assert "cluster: default" in system.run("berth-agent", "--config", CONFIG, "--check-config").stdout
    assert system.systemctl("is-enabled", AGENT).stdout == "enabled\n"
    assert system.systemctl("is-enabled", SHUTDOWN, check=False).stdout == "disabled\n", "stopping tasks is asked for"
    units = (f"/usr/lib/systemd/system/{unit}" for unit in (AGENT, ENDPOINT, SHUTDOWN))
    found = system.run("systemd-analyze", "verify", *units)
    assert "berth" not in found.stdout + found.stderr
    drop_in = system.path(f"/usr/share/doc/berth-agent/examples/{FOR_CONTAINERD}").read_text()
    system.write(f"/etc/systemd/system/{AGENT}.d/containerd.conf", drop_in, 0o644)
    found = system.run("systemd-analyze", "verify", f"/usr/lib/systemd/system/{AGENT}")
    assert "berth" not in found.stdout + found.stderr
    system.path(f"/etc/systemd/system/{AGENT}.d/containerd.conf").unlink()
    system.path(f"/etc/systemd/system/{AGENT}.d").rmdir()

    mine = system.path(CONFIG).read_text().replace("cluster: default", "cluster: mine")
    system.write(CONFIG, mine, 0o640)
    system.systemctl("disable", AGENT)
    system.dpkg("--install", next_agent)
    state = system.run("dpkg-query", "-W", "-f", "${Version} ${db:Status-Status}", "berth-agent").stdout
    assert state == f"{NEXT} installed"
    assert system.path(CONFIG).read_text() == mine and system.files()[CONFIG[1:]][0] == "-rw-r-----"
    assert system.systemctl("is-enabled", AGENT, check=False).stdout == "disabled\n", "an upgrade keeps the choice"

    system.write("/var/lib/berth/agent/state.db", "state", 0o600)
    system.dpkg("--remove", "berth-agent")
    assert system.path(CONFIG).exists() and system.path("/var/lib/berth/agent/state.db").exists()
    system.dpkg("--purge", "berth-agent")
    assert system.files() == before
    assert system.run("dpkg-query", "-W", "berth-agent", check=False).returncode != 0


def test_both_on_one_host_leave_each_other_alone(system, packages):
    system.dpkg("--install", packages["berth-controller"], packages["berth-agent"])
    checked = system.run("berth-controller", "--config", "/etc/berth/controller.yaml", "--check-config")
    assert "auth: sigv4" in checked.stdout
    assert system.systemctl("is-enabled", "berth-controller", check=False).stdout == "disabled\n"
    system.write("/var/lib/berth/agent/state.db", "state", 0o600)
    system.write("/var/lib/berth/controller/state.db", "state", 0o600)
    system.dpkg("--purge", "berth-agent")
    assert not system.path("/var/lib/berth/agent").exists()
    assert system.path("/etc/berth/controller.yaml").exists()
    system.dpkg("--purge", "berth-controller")
    assert system.path("/var/lib/berth/controller/state.db").exists(), "the fleet's state is its operator's to delete"


@pytest.fixture
def house(system, berth, engine):
    """A booted host, whose Docker is the test's engine, and a controller for it to join."""
    berth.start(agents=0)
    system.boot({engine.folder: "/srv/engine"})
    system.write("/etc/systemd/system/berth-agent-endpoint.service.d/bridges.conf",
                 f"[Service]\nEnvironment=BERTH_ENDPOINT_BRIDGES={engine.bridge}\n")
    system.write("/etc/systemd/system/berth-agent.service.d/watchdog.conf", "[Service]\nWatchdogSec=3\n")
    yield system
    engine.remove_containers()


def configure(system, berth, **changes):
    system.write("/etc/berth/access-key", berth.controller.credentials_file.read_text(), 0o600)
    system.write(CONFIG, yaml.safe_dump({
        "cluster": "default", "controller": berth.controller.url, "region": "us-east-1",
        "credentials": {"file": "/etc/berth/access-key"},
        "runtime": {"kind": "docker", "socket": "unix:///srv/engine/docker.sock"},
        "data_dir": "/var/lib/berth/agent", **changes}), 0o640)


def wait_joined(system):
    system.wait_unit(AGENT, 30, ActiveState="active", SubState="running", StatusText="joined default")
    return int(system.show(AGENT, "MainPID")["MainPID"])


def container(berth, engine, task):
    """What must not change while the agent comes and goes: which container it is, and since when it runs."""
    found = engine.containers(label=f"{TASK_LABEL}={task}")
    assert len(found) == 1 and found[0]["State"]["Running"], found
    return found[0]["Id"], found[0]["State"]["StartedAt"], found[0]["RestartCount"]


def asked_by(engine, container_id):
    """What a process on the container's network gets at the tasks' address, from a server in the agent's place."""
    class Here(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"here")

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 51679), Here) as server:
        server.timeout = 10
        asking = threading.Thread(target=server.handle_request)
        asking.start()
        pid = engine.docker("inspect", "--format", "{{.State.Pid}}", container_id).stdout.strip()
        command = ["nsenter", f"--net=/proc/{pid}/ns/net", "curl", "-s", "-m", "5", "http://169.254.170.2/v3/x"]
        answer = subprocess.run(command, check=False, capture_output=True, text=True).stdout
        asking.join()
    return answer


# What the agent does to processes of its tasks: whose socket is it (a look at its descriptors), and the kill by a
# descriptor of the process: pidfd_open and pidfd_send_signal.
PROBE = r'''
my $pid = $ARGV[0];
my $held = readlink("/proc/$pid/fd/0");
my $fd = syscall(434, $pid + 0, 0);
my $sent = syscall(424, $fd, 9, 0, 0);
print defined($held) && $sent == 0 ? "able: $held\n" : "unable: $!\n";
'''


def sandboxed(system, unit, command):
    """The output of a command in the sandbox of an installed unit."""
    text = system.path(f"/usr/lib/systemd/system/{unit}").read_text()
    text = re.sub(r"(?m)^(ExecStart|Restart|RestartSec|RestartPreventExitStatus|WatchdogSec|Type)=.*\n", "", text)
    text = text.replace("[Service]\n", f"[Service]\nType=oneshot\nExecStart={command}\n")
    system.write("/etc/systemd/system/probe.service", text)
    system.systemctl("daemon-reload")
    system.systemctl("start", "probe.service", check=False)
    return system.run("journalctl", "--no-pager", "--output=cat", "--unit=probe.service").stdout


def test_systemd_makes_and_removes_the_groups_of_tasks(house):
    tests = binary("unit_agent_resources")
    house.path("/usr/local/bin/tests").write_bytes(tests.read_bytes())
    house.path("/usr/local/bin/tests").chmod(0o755)
    said = house.run("/usr/local/bin/tests", "[.systemd]").stdout
    assert "All tests passed" in said, said
    assert "ecstasks-" not in house.run("systemctl", "list-units", "--plain", "ecstasks-*.slice").stdout


def test_the_sandbox_lets_the_agent_see_and_end_processes_of_others(house, packages):
    house.dpkg("--install", packages["berth-agent"])
    house.run("systemd-run", "--unit=other", "--property=User=nobody", "sleep", "1000")
    pid = house.show("other", "MainPID")["MainPID"]
    wait_until(lambda: "Uid:\t65534" in house.run("cat", f"/proc/{pid}/status").stdout, "nobody's process")
    house.write("/usr/local/bin/probe", "#!/usr/bin/perl\n" + PROBE, 0o755)
    assert re.search(r"(?m)^able: .*/null$", sandboxed(house, AGENT, f"/usr/local/bin/probe {pid}"))
    house.wait_unit("other", Result="signal")


def restarts(system):
    return int(system.show(AGENT, "NRestarts")["NRestarts"])


def test_tasks_live_through_every_end_of_the_agent(house, berth, engine, packages, next_agent):
    # Installed on a host that is not configured: it tries again until it is.
    house.dpkg("--install", packages["berth-agent"])
    house.wait_unit(AGENT, ActiveState="activating", SubState="auto-restart", ExecMainStatus="1")
    configure(house, berth)
    first = wait_joined(house)
    house.wait_unit(ENDPOINT, ActiveState="active", SubState="exited")
    house.run("env", f"BERTH_ENDPOINT_BRIDGES={engine.bridge}", "/usr/libexec/berth/berth-endpoint-rules", "check")
    register(berth, "sleeper", "sleeper")
    task = run(berth, "sleeper")[0]
    berth.wait_status(task, "RUNNING")
    before = container(berth, engine, task)

    # An upgrade restarts the agent, once, and does not stop the rules.
    rules_since = house.show(ENDPOINT, "ActiveEnterTimestampMonotonic")
    house.dpkg("--install", next_agent)
    second = wait_joined(house)
    assert second != first and container(berth, engine, task) == before
    assert house.show(ENDPOINT, "ActiveEnterTimestampMonotonic") == rules_since

    # A crash.
    count = restarts(house)
    house.systemctl("kill", "--kill-whom=main", "--signal=KILL", AGENT)
    wait_until(lambda: restarts(house) == count + 1, "a restart after a crash")
    wait_joined(house)

    # An agent that is stuck, and so feeds no watchdog.
    house.systemctl("kill", "--kill-whom=main", "--signal=STOP", AGENT)
    wait_until(lambda: restarts(house) == count + 2, "a restart by the watchdog")
    wait_joined(house)
    assert "Watchdog timeout" in house.journal(100)
    assert container(berth, engine, task) == before

    # A stop, as asked: it stays stopped, the task and its endpoint stay.
    house.systemctl("stop", AGENT)
    assert house.show(AGENT, "ActiveState", "Result", "ExecMainCode", "ExecMainStatus") == {
        "ActiveState": "inactive", "Result": "success", "ExecMainCode": "1", "ExecMainStatus": "0"}
    assert container(berth, engine, task) == before
    assert asked_by(engine, before[0]) == "here", "the rules lead to where the agent listens"
    house.systemctl("start", AGENT)
    wait_joined(house)
    assert berth.task(task)["lastStatus"] == "RUNNING"

    # Purged: nothing of the agent is left, and the task's container runs on.
    house.dpkg("--purge", "berth-agent")
    assert house.show(AGENT, "LoadState", "ActiveState") == {"LoadState": "not-found", "ActiveState": "inactive"}
    assert "BERTH-ENDPOINT" not in house.run("iptables-save").stdout
    assert not [one for one in ("/var/lib/berth/agent", "/run/berth/agent", CONFIG) if house.path(one).exists()]
    assert container(berth, engine, task) == before


def test_an_agent_that_cannot_go_on_stays_down_until_somebody_looks(house, berth, packages):
    house.dpkg("--install", packages["berth-agent"])
    configure(house, berth)
    wait_joined(house)

    configure(house, berth, colour="blue")
    house.systemctl("restart", AGENT, check=False)
    house.wait_unit(AGENT, ActiveState="failed", ExecMainStatus="2", NRestarts="0")
    assert "colour" in house.journal(), "the message names the key"

    configure(house, berth, cluster="another")
    house.systemctl("restart", AGENT, check=False)
    house.wait_unit(AGENT, ActiveState="failed", ExecMainStatus="5", NRestarts="0")

    configure(house, berth)
    house.systemctl("start", AGENT)
    wait_joined(house)


def test_ready_means_up_even_while_docker_and_the_controller_are_away(house, berth, packages):
    house.dpkg("--install", packages["berth-agent"])
    nowhere = {"controller": "http://127.0.0.1:9"}
    configure(house, berth, runtime={"kind": "docker", "socket": "unix:///srv/none.sock"}, **nowhere)
    house.systemctl("restart", AGENT)
    house.wait_unit(AGENT, ActiveState="active", StatusText="waiting for the container runtime")
    configure(house, berth, **nowhere)
    house.systemctl("restart", AGENT)
    house.wait_unit(AGENT, ActiveState="active", StatusText="joining default")
    configure(house, berth)
    house.systemctl("restart", AGENT)
    wait_joined(house)


def test_a_bridge_that_appears_late_gets_its_rules_and_holds_up_nobody(house, berth, packages):
    house.write("/etc/systemd/system/berth-agent-endpoint.service.d/bridges.conf",
                "[Service]\nEnvironment=BERTH_ENDPOINT_BRIDGES=berth-late\nRestartSec=1\n")
    house.dpkg("--install", packages["berth-agent"])
    configure(house, berth)
    wait_joined(house)
    house.wait_unit(ENDPOINT, ActiveState="activating", SubState="auto-restart")
    assert "there is no bridge berth-late" in house.journal(100)
    subprocess.run(["ip", "link", "add", "berth-late", "type", "bridge"], check=True)
    try:
        house.wait_unit(ENDPOINT, ActiveState="active", SubState="exited")
        house.systemctl("stop", ENDPOINT)
        assert "BERTH-ENDPOINT" not in house.run("iptables-save").stdout
    finally:
        subprocess.run(["ip", "link", "del", "berth-late"], check=True)


def instance(berth, cluster="default"):
    arns = berth.ecs.list_container_instances(cluster=cluster)["containerInstanceArns"]
    assert len(arns) == 1, arns
    return berth.ecs.describe_container_instances(cluster=cluster, containerInstances=arns)["containerInstances"][0]


def amazons(berth):
    """What ecs.config says on a host that Amazon's agent ran on."""
    key = Key.read(berth.controller.credentials_file)
    return "".join(f"{line}\n" for line in (
        "ECS_CLUSTER=amazons", f"ECS_BACKEND_HOST={berth.controller.url}", "AWS_DEFAULT_REGION=us-east-1",
        f"AWS_ACCESS_KEY_ID={key.key_id}", f"AWS_SECRET_ACCESS_KEY={key.secret}",
        "DOCKER_HOST=unix:///srv/engine/docker.sock", 'ECS_INSTANCE_ATTRIBUTES={"pier":"7"}',
        "ECS_AUDIT_LOGFILE=/log/audit.log"))


def test_a_host_of_amazons_agent_is_switched_over_by_installing_alone(house, berth, packages):
    berth.ecs.create_cluster(clusterName="amazons")
    house.write("/var/lib/ecs/ecs.config", "ECS_CLUSTER=weaker\nECS_RESERVED_MEMORY=10\n")
    house.write("/etc/ecs/ecs.config", amazons(berth) + "ECS_ALLOW_OFFHOST_INTROSPECTION_ACCESS=true\n")
    house.dpkg("--install", packages["berth-agent"])
    house.wait_unit(AGENT, 30, ActiveState="active", SubState="running", StatusText="joined amazons")
    attributes = {one["name"]: one.get("value") for one in instance(berth, "amazons")["attributes"]}
    assert attributes["pier"] == "7"
    assert "51678" not in house.run("iptables-save").stdout, "the rules follow ecs.config, too"
    shown = house.run("berth-agent", "--config", CONFIG, "--check-config").stdout
    assert "/etc/ecs/ecs.config:1 (ECS_CLUSTER)" in shown and "/var/lib/ecs/ecs.config:2 (ECS_RESERVED_MEMORY)" in shown

    # An edit reaches the running agent; the audit log of the other agent, which is not there, ends nobody.
    house.write("/etc/ecs/ecs.config", amazons(berth) + "ECS_LOGLEVEL=debug\nECS_RESERVED_PORTS=[1]\n")
    wait_until(lambda: '"setting":"log.level"' in house.journal(200), "the edit is taken over")
    assert re.search(r"a changed setting waits for a restart.*reserved\.ports", house.journal(200))
    found = re.search(r'.*"requests for credentials are not written down.*', house.journal(400))
    assert found and "/log/audit.log" in found.group() and "ReadWritePaths" in found.group()
    assert restarts(house) == 0


def test_an_audit_log_where_amazons_agent_has_it_is_written(house, berth, packages):
    house.path("/log").mkdir()
    house.dpkg("--install", packages["berth-agent"])
    configure(house, berth, audit_log={"file": "/log/audit.log"})
    house.systemctl("restart", AGENT)
    wait_joined(house)
    assert house.path("/log/audit.log").exists()
    assert "not written down" not in house.journal(100)


def test_agent_and_controller_on_one_host_need_no_editing(house, engine, packages):
    house.run("ln", "-s", "/srv/engine/docker.sock", "/run/docker.sock")
    house.dpkg("--install", packages["berth-controller"], packages["berth-agent"])
    house.wait_unit(AGENT, ActiveState="activating", SubState="auto-restart", ExecMainStatus="1")
    assert "start berth-controller here" in house.journal(100)
    house.systemctl("enable", "--now", "berth-controller")
    wait_joined(house)


def test_a_shutdown_drains_the_host_and_ends_its_tasks_before_docker_stops(house, berth, engine, packages):
    house.write("/etc/systemd/system/docker.service",
                "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"
                "ExecStop=/bin/sh -c 'date +%%s.%%N >/var/docker-stops'\n")
    house.dpkg("--install", packages["berth-agent"])
    configure(house, berth)
    wait_joined(house)
    house.systemctl("enable", "--now", SHUTDOWN)
    assert instance(berth)["status"] == "ACTIVE"
    register(berth, "sleeper", "sleeper")
    first = run(berth, "sleeper")[0]
    berth.wait_status(first, "RUNNING")

    house.systemctl("stop", SHUTDOWN)
    assert house.show(SHUTDOWN, "Result") == {"Result": "success"}, house.journal(60)
    assert instance(berth)["status"] == "DRAINING", house.journal(60)
    assert berth.wait_status(first, "STOPPED")["stoppedReason"] == "The container instance is shut down"
    house.systemctl("start", SHUTDOWN)
    assert instance(berth)["status"] == "ACTIVE", "the start takes back what the stop did"

    # What a person drained stays so.
    house.run("berth-agent", "--config", CONFIG, "--drain")
    house.systemctl("restart", SHUTDOWN)
    assert instance(berth)["status"] == "DRAINING"
    house.run("berth-agent", "--config", CONFIG, "--activate")

    second = run(berth, "sleeper")[0]
    berth.wait_status(second, "RUNNING")
    assert not house.path("/var/docker-stops").exists()
    house.systemctl("--no-block", "poweroff")
    wait_until(lambda: not house.up(), "the host is down", 60)
    ended = berth.wait_status(second, "STOPPED")
    assert ended["stoppedAt"].timestamp() < float(house.path("/var/docker-stops").read_text())
    assert instance(berth)["status"] == "DRAINING"
    assert house.path("/var/lib/berth/agent/drained-at-shutdown").exists()


def test_the_sandbox_leaves_what_the_agent_needs_and_nothing_more(house, berth, packages):
    house.dpkg("--install", packages["berth-agent"])
    configure(house, berth)
    pid = wait_joined(house)
    # CAP_DAC_READ_SEARCH, CAP_KILL and CAP_SYS_PTRACE.
    assert "CapEff:\t0000000000080024\n" in house.run("cat", f"/proc/{pid}/status").stdout
    scheduling = house.run("cat", f"/proc/{pid}/sched").stdout
    # Kernels that tell a thread's slice heed what it asks for.
    assert "se.slice" not in scheduling or re.search(r"se\.slice +: +100000\n", scheduling), scheduling

    def may_write(path):
        there = ["nsenter", f"--target={pid}", "--mount", "--root", "--wd"]
        return house.run(*there, "test", "-w", path, check=False).returncode == 0

    paths = ["/var/lib/berth/agent", "/run/berth/agent", "/sys/fs/cgroup", "/tmp",
             "/", "/etc/berth", "/usr/bin", "/var/lib/berth", "/root", "/run", "/run/systemd", "/sys",
             "/proc/sys/kernel/pid_max"]
    assert [path for path in paths if may_write(path)] == paths[:4]
