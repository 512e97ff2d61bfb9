"""Settings that change while an agent runs, and an agent that has no settings but those of amazon-ecs-agent."""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest
import yaml

from support.berth import REGION, binary, merged
from support.fake_registry import FakeRegistry
from support.local import Local, get
from support.process import Program
from support.runtimes import both
from support.waiting import wait_until
from support.wire import Key

TAKEN, LATER, UNUSABLE = "a setting has changed", "a changed setting waits for a restart", "the settings can't be used"
STUBBORN = ["/bin/sh", "-c", 'trap "" TERM; sleep 86400']
INTROSPECTION = 51678


class LogReader:
    """What a program has said since it was last asked."""

    def __init__(self, program):
        self._program = program
        self._seen = 0
        self.read()

    def read(self):
        text = self._program.log.read_text()[self._seen:]
        whole = text[:text.rfind("\n") + 1]
        self._seen += len(whole)
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def wait(self, part, seconds=10):
        """The lines up to the first whose message begins with part."""
        lines = []

        def seen():
            lines.extend(self.read())
            return any(one["msg"].startswith(part) for one in lines)
        wait_until(seen, f"a line '{part}'", seconds)
        return lines


def settings_of(lines, message):
    return [one["setting"] for one in lines if one["msg"] == message]


@pytest.fixture(scope="module")
def module_local(run_folder, engines, registry):
    with Local(run_folder, engines, registry) as one:
        one.define("quiet", {"name": "app"})
        one.define("stubborn", {"name": "app", "command": STUBBORN})
        yield one


@pytest.fixture
def local(module_local):
    """The agent with the settings that it was started with, which it gets back at the end."""
    before = module_local.agent.settings
    pid = module_local.agent.pid
    yield module_local
    assert module_local.agent.pid == pid and module_local.agent.alive(), "a reload is no restart"
    if module_local.agent.settings != before:
        log = LogReader(module_local.agent)
        change(module_local, before)
        log.wait(TAKEN)


def change(local, settings):
    """Writes the file as an editor does, by replacing it. The agent watches it."""
    local.agent.settings = settings
    new = local.agent.config.with_suffix(".new")
    new.write_text(yaml.safe_dump(settings))
    new.rename(local.agent.config)


def change_to(local, **changes):
    """Changes settings and waits until the agent has said what it makes of that."""
    log = LogReader(local.agent)
    change(local, merged(local.agent.settings, changes))
    return log.wait(TAKEN)


@both
def test_the_level_of_the_log_is_taken_over_and_said(local):
    log = LogReader(local.agent)
    local.stop(local.run("quiet"))
    assert not [one for one in log.read() if one["level"] == "debug"]
    lines = change_to(local, log={"level": "debug"})
    assert settings_of(lines, TAKEN) == ["log.level"] and settings_of(lines, LATER) == []
    log = LogReader(local.agent)
    local.stop(local.run("quiet"))
    assert [one for one in log.read() if one["level"] == "debug" and one["msg"] == "step"]


@both
def test_a_shorter_stop_timeout_holds_for_tasks_that_run_already(local):
    arn = local.run("stubborn")
    assert settings_of(change_to(local, stop_timeout="1s"), TAKEN) == ["stop_timeout"]
    began = time.monotonic()
    local.stop(arn)
    assert time.monotonic() - began < 10, "it was 30 s before"
    assert local.berth.task(arn)["containers"][0]["exitCode"] == 137


@both
def test_the_rate_of_requests_is_taken_over(local):
    def statuses(path):
        return [local.task_server(path).status for _ in range(20)]

    assert set(statuses("/v4/before")) == {404}
    assert settings_of(change_to(local, endpoints={"rps": "1,3"}), TAKEN) == ["endpoints.rps"]
    assert statuses("/v4/after") == [404] * 3 + [429] * 17
    assert local.task_server("/v4/after").headers["X-Rate-Limit-Limit"] == "1.00"
    change_to(local, endpoints={"rps": None})
    assert set(statuses("/v4/again")) == {404}


@both
def test_how_images_are_pulled_is_taken_over(local):
    with FakeRegistry() as registry:
        local.define("pulled", {"name": "app", "image": f"{registry.address}/fine-2000/e2e:1"})

        def asks():
            """How often the registry is asked for the image's manifest by one task."""
            before = registry.asked("fine-2000/e2e")
            local.run("pulled", until="STOPPED")
            return registry.asked("fine-2000/e2e") - before

        assert asks() > 0
        assert asks() > 0, "by default it is asked each time"
        assert settings_of(change_to(local, images={"pull_behavior": "prefer-cached"}), TAKEN) == [
            "images.pull_behavior"]
        assert asks() == 0


@both
def test_fewer_downloads_at_once_make_the_next_one_wait(local):
    def reasons(arn):
        answer = local.introspection(f"/v1/why?task={arn}")
        return " ".join(one["what"] for one in answer.json["why"]) if answer.status == 200 else ""

    with FakeRegistry() as registry:
        for number in (1, 2):
            local.define(f"stalled{number}",
                         {"name": "app", "image": f"{registry.address}/stall-500000/e2e{number}:1"})
        assert settings_of(change_to(local, images={"concurrency": 1}), TAKEN) == ["images.concurrency"]
        first = local.run("stalled1", until=None)
        wait_until(lambda: "known so far" in reasons(first), "the first download")
        second = local.run("stalled2", until=None)
        wait_until(lambda: "its turn to be pulled" in reasons(second), "the second one waits for its turn")
        assert not registry.requests("/layer-of/stall-500000/e2e2")
        change_to(local, images={"concurrency": 2})
        wait_until(lambda: registry.requests("/layer-of/stall-500000/e2e2"), "the second download")
        local.stop(first, second)


@both
def test_what_needs_a_restart_is_named_and_the_rest_is_taken_over(local):
    before = local.introspection("/v1/metadata").json
    lines = change_to(local, cluster="elsewhere", reserved={"memory": 17}, cleanup_delay="2h")
    assert settings_of(lines, TAKEN) == ["cleanup_delay"]
    assert sorted(settings_of(lines, LATER)) == ["cluster", "reserved.memory"]
    assert local.introspection("/v1/metadata").json == before
    local.stop(local.run("quiet"))


@both
@pytest.mark.parametrize("text, reason", [
    ("log: {level: loud}\n", "log.level"),
    ("log: {level: debug}\nregoin: us-east-1\n", "did you mean 'region'"),
    ("log: [\n", "berth-agent.yaml"),
    ("images: {cleanup: {high_mark: 50, low_mark: 60}}\n", "low_mark"),
])
def test_a_file_that_cannot_be_used_leaves_the_settings_before_and_says_why(local, text, reason):
    good = local.agent.settings
    log = LogReader(local.agent)
    local.agent.config.write_text(text)
    error = log.wait(UNUSABLE)[-1]
    assert error["level"] == "error" and error["msg"] == f"{UNUSABLE}: going on with those before"
    assert reason in error["reason"], error
    log = LogReader(local.agent)
    local.stop(local.run("quiet"))
    assert not [one for one in log.read() if one["level"] == "debug"], "nothing of it was taken"
    change(local, merged(good, {"cleanup_delay": "3h"}))
    assert settings_of(log.wait(TAKEN), TAKEN) == ["cleanup_delay"]


# ---- without a file of ours

HOST = """
set -e
# A host of its own inside the tests' one: its /etc and /var/lib are folders of the test.
mount --bind "$1/etc" /etc
mount --bind "$1/lib" /var/lib
shift
exec "$@"
"""


class EcsHost:
    """An agent that knows nothing but what amazon-ecs-agent would: variables, ecs.config, and a JSON file."""

    def __init__(self, folder, berth):
        self.folder = folder
        for part in ("etc/ecs", "lib", "json"):
            (folder / part).mkdir(parents=True)
        for name in ("passwd", "group", "hosts", "nsswitch.conf"):
            shutil.copy(f"/etc/{name}", folder / "etc" / name)
        self.lines = folder / "etc/ecs/ecs.config"
        self.json = folder / "json/agent.json"
        key = Key.read(berth.controller.credentials_file)
        command = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", HOST, "sh", folder,
                   binary("berth-agent")]
        clean = {name: "" for name in os.environ if name.startswith(("ECS_", "AWS_", "BERTH_AGENT_", "DOCKER_"))}
        self.program = Program("ecs-agent", command, folder, {
            **clean, "ECS_BACKEND_HOST": berth.controller.url, "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": key.key_id, "AWS_SECRET_ACCESS_KEY": key.secret,
            "DOCKER_HOST": f"unix://{berth.engine(0).socket}", "ECS_AGENT_CONFIG_FILE_PATH": str(self.json)})

    def check(self):
        """What --check-config prints and warns of."""
        done = subprocess.run([*map(str, self.program.command), "--check-config"], env=self.program.env,
                              capture_output=True, text=True, timeout=30, check=True)
        return done.stdout, done.stderr


@pytest.fixture
def ecs_host(berth, tmp_path):
    berth.start(agents=0, cluster="harbour")
    host = EcsHost(tmp_path, berth)
    yield host
    host.program.stop()
    berth.engine(0).remove_containers()


def instance_of(berth):
    arns = berth.ecs.list_container_instances(cluster="harbour")["containerInstanceArns"]
    found = berth.ecs.describe_container_instances(cluster="harbour", containerInstances=arns)["containerInstances"] \
        if arns else []
    return found[0] if len(found) == 1 and found[0]["agentConnected"] else None


def test_an_agent_with_the_settings_of_amazons_agent_alone_joins_and_runs_a_task(berth, ecs_host):
    ecs_host.lines.write_text('ECS_CLUSTER=harbour\nECS_INSTANCE_ATTRIBUTES={"pier":"7"}\nECS_RESERVED_MEMORY=100\n'
                              "ECS_CONTAINER_STOP_TIMEOUT=20s\nECS_ENABLE_HIGH_DENSITY_ENI=true\nECS_NO_SUCH_THING=1\n")
    ecs_host.json.write_text(json.dumps({"Cluster": "another", "ReservedMemory": 9, "ReservedPorts": [22, 4444],
                                         "TaskCleanupWaitDuration": 3600 * 10**9}))
    shown, warned = ecs_host.check()
    assert "/etc/ecs/ecs.config:1 (ECS_CLUSTER)" in shown and f"{ecs_host.json} (ReservedPorts)" in shown
    assert "ECS_ENABLE_HIGH_DENSITY_ENI" in warned and "ECS_NO_SUCH_THING" in warned

    ecs_host.program.start()
    instance = wait_until(lambda: instance_of(berth), "the agent has joined", 30)
    attributes = {one["name"]: one.get("value") for one in instance["attributes"]}
    assert attributes["pier"] == "7"
    resources = {one["name"]: one for one in instance["registeredResources"]}
    with open("/proc/meminfo", encoding="ascii") as lines:
        assert resources["MEMORY"]["integerValue"] == int(next(lines).split()[1]) // 1024 - 100
    assert sorted(resources["PORTS"]["stringSetValue"]) == ["22", "4444"]
    assert get(INTROSPECTION, "/v1/metadata").json["ContainerInstanceArn"] == instance["containerInstanceArn"]
    said = ecs_host.program.log.read_text()
    assert "ECS_ENABLE_HIGH_DENSITY_ENI" in said and "ECS_NO_SUCH_THING" in said

    berth.ecs.register_task_definition(family="stubborn", containerDefinitions=[
        {"name": "app", "image": berth.image("busybox"), "memory": 16, "command": STUBBORN}])
    arn = berth.ecs.run_task(cluster="harbour", taskDefinition="stubborn")["tasks"][0]["taskArn"]
    berth.wait_status(arn, "RUNNING", "harbour")

    log = LogReader(ecs_host.program)
    ecs_host.lines.write_text(ecs_host.lines.read_text().replace("20s", "1s"))
    assert settings_of(log.wait(TAKEN), TAKEN) == ["stop_timeout"]
    ecs_host.json.write_text(json.dumps({"TaskCleanupWaitDuration": 60 * 10**9, "ReservedPorts": [22]}))
    os.kill(ecs_host.program.pid, signal.SIGHUP)
    lines = log.wait(TAKEN)
    assert "reading the settings again" in [one["msg"] for one in lines]
    assert settings_of(lines, TAKEN) == ["cleanup_delay"] and settings_of(lines, LATER) == ["reserved.ports"]

    began = time.monotonic()
    berth.ecs.stop_task(cluster="harbour", task=arn)
    task = berth.wait_status(arn, "STOPPED", "harbour")
    assert task["containers"][0]["exitCode"] == 137 and time.monotonic() - began < 10
    assert key_is_not_shown(ecs_host)


def test_a_json_file_that_ecs_config_alone_names_is_watched_also_once_it_changes(berth, ecs_host):
    del ecs_host.program.env["ECS_AGENT_CONFIG_FILE_PATH"]
    below = ecs_host.folder / "lib/ecs/ecs.config"
    below.parent.mkdir()
    below.write_text("ECS_CLUSTER=harbour\n")
    other = ecs_host.json.with_name("other.json")
    ecs_host.json.write_text("{}")
    other.write_text("{}")
    ecs_host.lines.write_text(f"ECS_AGENT_CONFIG_FILE_PATH={ecs_host.json}\n")
    ecs_host.program.start()
    wait_until(lambda: instance_of(berth), "the agent has joined", 30)

    log = LogReader(ecs_host.program)
    ecs_host.json.write_text(json.dumps({"TaskCleanupWaitDuration": 60 * 10**9}))
    assert settings_of(log.wait(TAKEN), TAKEN) == ["cleanup_delay"]
    ecs_host.lines.write_text(f"ECS_AGENT_CONFIG_FILE_PATH={other}\n")
    assert settings_of(log.wait(TAKEN), TAKEN) == ["cleanup_delay"]
    other.write_text(json.dumps({"DockerStopTimeout": 20 * 10**9}))
    assert settings_of(log.wait(TAKEN), TAKEN) == ["stop_timeout"]
    below.write_text("ECS_CLUSTER=harbour\nECS_LOGLEVEL=debug\n")
    assert settings_of(log.wait(TAKEN), TAKEN) == ["log.level"]


def key_is_not_shown(host):
    secret = host.program.env["AWS_SECRET_ACCESS_KEY"]
    return secret not in host.program.log.read_text() and secret not in "".join(host.check())


def test_an_agent_without_a_usable_setting_says_which_and_does_not_start(berth, ecs_host):
    ecs_host.lines.write_text("ECS_CLUSTER=harbour\nECS_RESERVED_MEMORY=much\n")
    ecs_host.program.start()
    wait_until(lambda: not ecs_host.program.alive(), "it ends by itself")
    said = ecs_host.program.log.read_text()
    assert "/etc/ecs/ecs.config:2 (ECS_RESERVED_MEMORY)" in said and str(ecs_host.json) in said
    assert ecs_host.program.wait() == 2
