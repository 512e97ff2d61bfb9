"""A Docker Engine that answers late, wrongly, by halves or not at all, for a while: afterwards everything is as it
was asked to be, and meanwhile nothing else suffers.

The programs start once and serve all tests; each test has a task of its own. Beside it a task runs that wants
nothing of Docker, and has to stay as it is.
"""

import datetime
import json
import os
import pathlib
import tempfile
import urllib.parse

import pytest

from support import docker_proxy as call
from support.berth import Berth
from support.docker_proxy import DockerProxy
from support.recorder import Recorder
from support.tasks import TASK_LABEL, host_port, page, register, run
from support.waiting import wait_until

RUN = 'echo "$(hostname)" >>/runs/starts; trap "exit 0" TERM; sleep 86400 & wait $!'
NEVER = "0001-01-01T00:00:00Z"
# Kinds that leave open whether the engine did, or will do, what it was asked for: the agent has to find out.
UNCLEAR = {"delay", "hang", "hang-after", "cut", "cut-after", "cut_middle", "stall"}
HELD = ("hang", "stall")


def faults(*names):
    """A test for each of these; "cut-after" is a cut once the engine has done what it was asked for."""
    return pytest.mark.parametrize("fault", names)


class Stage:
    """The agent under test, between a proxy to its engine and a recorder of what it says."""

    def __init__(self, berth, agent, proxy, recorder):
        self.berth = berth
        self.agent = agent
        self.proxy = proxy
        self.recorder = recorder
        self.starts = berth.folder / "runs/starts"
        self.bystander = None

    def define(self, family, image):
        self.starts.parent.mkdir(exist_ok=True)
        register(self.berth, family, image, command=["/bin/sh", "-c", RUN],
                 mountPoints=[{"sourceVolume": "runs", "containerPath": "/runs"}],
                 volumes=[{"name": "runs", "host": {"sourcePath": str(self.starts.parent)}}])

    def heartbeats(self):
        return sum('"HeartbeatAckRequest"' in frame for frame in self.recorder.frames("acs"))

    def wait_heartbeat(self):
        seen = self.heartbeats()
        wait_until(lambda: self.heartbeats() > seen, "an answer to a heartbeat", 10)

    def wait_stream(self):
        wait_until(self.proxy.streams, "the agent follows the engine's events", 20)

    def container(self, arn):
        """What the engine says of the task's container, if there is one."""
        found = self.containers(f"{TASK_LABEL}={arn}")
        assert len(found) <= 1, f"{arn} has {len(found)} containers"
        return call.ask(self.agent.engine.socket, f"/containers/{found[0]['Id']}/json") if found else None

    def containers(self, label=TASK_LABEL):
        filters = urllib.parse.quote(json.dumps({"label": [label]}))
        return call.ask(self.agent.engine.socket, f"/containers/json?all=1&filters={filters}")

    def state_of_bystander(self):
        one = self.container(self.bystander)
        return one["Id"], one["State"]["Pid"], one["State"]["StartedAt"], one["RestartCount"]

    def assert_bystander_runs(self):
        task = self.berth.task(self.bystander)
        assert task["lastStatus"] == "RUNNING" and page(host_port(task))

    def connected(self):
        arn = self.agent.instance_arn
        found = self.berth.ecs.describe_container_instances(containerInstances=[arn])["containerInstances"]
        return found[0]["agentConnected"]

    def run(self, family="counted"):
        arn, = run(self.berth, family)
        return arn

    def run_to_running(self, family="counted"):
        arn = self.run(family)
        self.berth.wait_status(arn, "RUNNING")
        return arn, self.container(arn)

    def restart(self, kill=False):
        """A new process of the agent, up to its connection."""
        self.stop(kill)
        self.agent.start_joined()
        self.wait_stream()

    def stop(self, kill=False):
        (self.agent.kill9 if kill else self.agent.stop)()
        wait_until(lambda: not self.connected(), "the agent is known to be away")

    def fault(self, method, pattern, name, **options):
        kind, _, after = name.partition("-")
        return self.proxy.fault(method, pattern, kind, forward=bool(after), **{"times": 1, **options})

    def meet(self, fault):
        """Waits until the agent has run into the fault; while that holds calls up, all else goes on."""
        wait_until(lambda: fault.hits, f"{fault.method} {fault.pattern.pattern} meets {fault.kind}", 20)
        if fault.kind in HELD:
            self.wait_heartbeat()
            self.assert_bystander_runs()

    def assert_stopped_truly(self, task):
        """The container of a task that is STOPPED does not run, and did not when that was reported."""
        one = self.container(task["taskArn"])
        if one is None:
            return
        assert not one["State"]["Running"] and one["RestartCount"] == 0
        if one["State"]["StartedAt"] != NEVER:
            finished = datetime.datetime.fromisoformat(one["State"]["FinishedAt"][:23] + "+00:00")
            assert task["stoppedAt"] >= finished, "STOPPED was reported while the process lived"
        assert self.runs_of(one) <= 1, "it was started twice"

    def runs_of(self, container):
        return self.starts.read_text().split().count(container["Id"][:12]) if self.starts.exists() else 0

    def assert_ends(self, arn, must_run):
        """The task came to run, or (unless it must) ended with a reason; in the end it is stopped."""
        def settled():
            task = self.berth.task(arn)
            return task if task["lastStatus"] in ("RUNNING", "STOPPED") else None

        task = wait_until(settled, f"{arn} RUNNING or STOPPED", 30)
        if task["lastStatus"] == "RUNNING":
            one = self.container(arn)
            assert one["State"]["Running"] and one["Id"] == task["containers"][0]["runtimeId"]
            self.berth.ecs.stop_task(task=arn, reason="seen enough")
            task = self.berth.wait_status(arn, "STOPPED")
            assert task["stoppedReason"] == "seen enough" and task["containers"][0]["exitCode"] == 0
            assert self.runs_of(self.container(arn)) == 1
        else:
            reason = task["containers"][0].get("reason", "")
            assert not must_run, f"it had to run, but {task.get('stoppedReason')}: {reason}"
            assert reason.startswith("Cannot") and "ContainerError: " in reason, reason
        self.assert_stopped_truly(task)


def lives(container):
    return os.path.exists(f"/proc/{container['State']['Pid']}")


@pytest.fixture(scope="module")
def berth(run_folder, engines, registry):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="faults.", dir=run_folder))
    one = Berth(folder, engines, registry)
    yield one
    one.close()


def staged(berth, name, recorder, **changes):
    """A stage, and the proxy that has to be closed once its agent has ended."""
    agent = berth.make_agent("default" if name == "main" else name)
    proxy = DockerProxy(berth.folder / f"{name}.sock", agent.engine.socket)
    agent.settings.update(controller=f"http://127.0.0.1:{recorder.port}",
                          runtime={"kind": "docker", "socket": f"unix://{proxy.socket}"}, **changes)
    return Stage(berth, agent, proxy, recorder)


@pytest.fixture(scope="module")
def main(berth):
    berth.start(agents=0, controller_changes={"heartbeat": "1s"})
    with Recorder(berth.controller.port) as recorder:
        stage = staged(berth, "main", recorder)
        with stage.proxy:
            stage.agent.start_joined()
            stage.define("counted", "busybox")
            stage.define("pulled", "exit3")
            register(berth, "bystander", "httpd", portMappings=[{"containerPort": 80}])
            stage.bystander = run(berth, "bystander")[0]
            berth.wait_status(stage.bystander, "RUNNING")
            # The images that are not pulled in the tests are there before.
            stage.assert_ends(stage.run(), must_run=True)
            yield stage
            stage.agent.stop()


@pytest.fixture
def stage(main):
    """What every test leaves as it was: the process, its session, the other task."""
    wait_until(lambda: main.agent.alive() and main.connected(), "the agent is there", 30)
    main.wait_stream()
    before = main.state_of_bystander()
    session = len(main.recorder.upgrades("acs")), main.agent.pid
    yield main
    main.proxy.heal()
    assert main.agent.alive(), main.agent.tail()
    if main.agent.pid == session[1]:
        assert len(main.recorder.upgrades("acs")) == session[0], "the session broke"
    assert main.state_of_bystander() == before
    main.assert_bystander_runs()


def submit_under(stage, family, method, pattern, name):
    if pattern == call.INSPECT:
        # Not those of the containers of earlier tasks, which may still be asked for.
        others = "|".join(one["Id"] for one in stage.containers())
        pattern = rf"/containers/(?!{others})[^/]+/json$"
    one = stage.fault(method, pattern, name)
    arn = stage.run(family)
    stage.meet(one)
    if one.kind in HELD:
        assert stage.berth.task(arn)["lastStatus"] == "PENDING"
    one.lift()
    stage.assert_ends(arn, must_run=name in UNCLEAR)


@faults("delay", "hang", "hang-after", "cut", "cut-after", "cut_middle", "garbage-after", "error", "truncated-after")
def test_a_task_submitted_while_create_fails_ends_right(stage, fault):
    submit_under(stage, "counted", "POST", call.CREATE, fault)


@faults("hang", "hang-after", "cut", "cut-after", "cut_middle", "garbage", "error", "truncated-after")
def test_a_task_submitted_while_start_fails_ends_right(stage, fault):
    submit_under(stage, "counted", "POST", call.START, fault)


# The agent takes an answer to a start that it can't read for a start that failed: it reports STOPPED while the
# process lives, and stops that only later.
@faults("garbage-after", "error-after")
def test_a_task_that_started_although_the_answer_says_otherwise_is_not_reported_stopped_while_it_runs(stage, fault):
    submit_under(stage, "counted", "POST", call.START, fault)


@faults("hang", "cut", "cut_middle")
def test_a_task_submitted_while_the_inspection_after_its_start_fails_ends_right(stage, fault):
    submit_under(stage, "counted", "GET", call.INSPECT, fault)


# The same: the start has succeeded, and only what was asked afterwards could not be read.
@faults("garbage", "error", "truncated")
def test_a_task_whose_state_is_answered_wrongly_after_its_start_is_not_reported_stopped_while_it_runs(stage, fault):
    submit_under(stage, "counted", "GET", call.INSPECT, fault)


@faults("hang", "cut", "garbage", "error", "stall", "cut_middle")
def test_a_task_submitted_while_its_pull_fails_ends_right(stage, fault):
    stage.agent.engine.docker("rmi", "-f", stage.berth.image("exit3"), check=False)
    submit_under(stage, "pulled", "POST", call.PULL, fault)


@faults("hang", "cut", "error")
@pytest.mark.parametrize("pattern", [call.IMAGE, call.DIGEST], ids=["image", "digest"])
def test_a_task_submitted_while_its_image_can_not_be_looked_up_ends_right(stage, pattern, fault):
    submit_under(stage, "counted", "GET", pattern, fault)


def stop_under(stage, method, pattern, name):
    arn, container = stage.run_to_running()
    one = stage.fault(method, pattern.replace("[^/]+", container["Id"]), name)
    stage.berth.ecs.stop_task(task=arn, reason="seen enough")
    stage.meet(one)
    if name == "hang" and pattern == call.STOP:
        assert lives(container) and stage.berth.task(arn)["lastStatus"] != "STOPPED"
    one.lift()
    task = stage.berth.wait_status(arn, "STOPPED")
    assert not lives(container)
    assert task["stopCode"] == "UserInitiated" and task["stoppedReason"] == "seen enough"
    assert task["containers"][0]["exitCode"] == 0
    stage.assert_stopped_truly(task)


@faults("delay", "hang", "hang-after", "cut", "cut-after", "cut_middle", "garbage", "garbage-after", "error",
        "truncated")
def test_a_task_stopped_while_stop_fails_is_stopped_once_the_engine_is_well(stage, fault):
    stop_under(stage, "POST", call.STOP, fault)


@faults("hang", "cut", "garbage", "error", "truncated")
def test_a_task_stopped_while_the_inspection_after_it_fails_is_stopped_once_the_engine_is_well(stage, fault):
    stop_under(stage, "GET", call.INSPECT, fault)


@pytest.mark.parametrize("pattern, fault", [(call.CREATE, "hang"), (call.START, "hang"), (call.START, "hang-after"),
                                            (call.START, "cut-after")], ids=str)
def test_a_task_stopped_while_its_start_is_in_doubt_does_not_run_in_the_end(stage, pattern, fault):
    one = stage.fault("POST", pattern, fault)
    arn = stage.run()
    stage.meet(one)
    stage.berth.ecs.stop_task(task=arn, reason="not any more")
    one.lift()
    task = stage.berth.wait_status(arn, "STOPPED")
    assert task["stoppedReason"] == "not any more"
    stage.assert_stopped_truly(task)


def assert_noticed(stage, arn):
    """The exit of a container that was killed behind the agent's back is reported."""
    task = stage.berth.wait_status(arn, "STOPPED", seconds=30)
    assert task["stopCode"] == "EssentialContainerExited" and task["containers"][0]["exitCode"] == 137
    stage.assert_stopped_truly(task)


@faults("drop", "stall", "cut_middle")
def test_an_exit_while_lines_of_the_event_stream_get_lost_or_wait_is_noticed(stage, fault):
    arn, container = stage.run_to_running()
    one = stage.fault("GET", call.EVENTS, fault, times=None if fault == "drop" else 1, text="die")
    stage.agent.engine.docker("kill", container["Id"])
    stage.meet(one)
    one.lift()
    if fault == "drop":
        # A line that is lost on a whole stream is made up for by the next comparison, which a new stream brings on.
        assert stage.berth.task(arn)["lastStatus"] == "RUNNING"
        stage.proxy.cut_streams()
    assert_noticed(stage, arn)


@faults("hang", "cut", "garbage", "error", "truncated")
def test_an_exit_while_there_is_no_event_stream_is_noticed(stage, fault):
    # The agent tries again after a pause that grows with each break: a new process begins with the shortest.
    stage.restart()
    arn, container = stage.run_to_running()
    one = stage.fault("GET", call.EVENTS, fault)
    stage.proxy.cut_streams()
    stage.meet(one)
    stage.agent.engine.docker("kill", container["Id"])
    one.lift()
    assert_noticed(stage, arn)


@faults("hang", "cut", "cut_middle", "garbage", "error", "truncated")
def test_what_happened_while_an_agent_was_down_is_noticed_although_its_first_list_fails(stage, fault):
    arn, container = stage.run_to_running()
    stage.stop(kill=True)
    stage.agent.engine.docker("kill", container["Id"])
    one = stage.fault("GET", call.LIST, fault)
    stage.agent.start_joined()
    stage.meet(one)
    one.lift()
    assert_noticed(stage, arn)


@pytest.mark.parametrize("pattern, fault", [
    *((call.PING, kind) for kind in ("hang", "cut", "garbage", "error", "truncated")),
    *((call.INFO, kind) for kind in ("hang", "error", "truncated"))], ids=str)
def test_an_agent_that_starts_while_the_engine_does_not_answer_joins_by_what_it_remembers(stage, pattern, fault):
    stage.stop()
    one = stage.fault("GET", pattern, fault)
    stage.agent.start()
    wait_until(lambda: one.hits, "the agent asks its engine")
    wait_until(stage.connected, "the agent has joined", 30)
    assert stage.agent.alive() and page(host_port(stage.berth.task(stage.bystander)))
    one.lift()
    stage.wait_stream()


@pytest.fixture(scope="module")
def tidy(main):
    """An agent that removes containers at once, in a cluster of its own."""
    main.berth.ecs.create_cluster(clusterName="tidy")
    stage = staged(main.berth, "tidy", main.recorder, cleanup_delay="0s")
    with stage.proxy:
        stage.agent.start_joined()
        yield stage
        stage.agent.stop()


@faults("delay", "hang", "hang-after", "cut", "cut-after", "garbage", "error")
def test_a_container_whose_removal_fails_is_removed_once_the_engine_is_well(tidy, fault):
    one = tidy.fault("DELETE", call.REMOVE, fault)
    arn, = run(tidy.berth, "bystander", cluster="tidy")
    tidy.berth.wait_status(arn, "RUNNING", cluster="tidy")
    tidy.berth.ecs.stop_task(cluster="tidy", task=arn)
    wait_until(lambda: one.hits, "the agent removes the container")
    assert tidy.berth.task(arn, cluster="tidy")["lastStatus"] == "STOPPED"
    one.lift()
    wait_until(lambda: not tidy.containers(), "no container left", 20)
    assert tidy.agent.alive()


def freezer_of(pid):
    """The file by which a container's processes are stopped in the kernel (version 1 of control groups)."""
    for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "freezer":
            return pathlib.Path(f"/sys/fs/cgroup/freezer{path}/freezer.state")
    return None


def test_a_container_that_docker_says_has_ended_is_not_stopped_before_its_last_process_has_gone(stage):
    arn, one = stage.run_to_running()
    pid = one["State"]["Pid"]

    def ended(answer):
        return {**answer, "State": {**answer["State"], "Running": False, "Status": "exited", "Pid": 0, "ExitCode": 3,
                                    "FinishedAt": datetime.datetime.now(datetime.timezone.utc).isoformat()}}

    names = f"{one['Id']}|{one['Name'].lstrip('/')}"
    stage.proxy.fault("GET", rf"/containers/({names})/json$", "lie", change=ended)
    # A frozen process takes no signal, not even the last one.
    freezer = freezer_of(pid)
    if freezer:
        freezer.write_text("FROZEN", encoding="utf-8")
    try:
        stage.proxy.cut_streams()
        if freezer:
            wait_until(lambda: "the kernel, to end" in json.dumps(stage.agent.why(arn)), "why says so", 20)
            assert stage.berth.task(arn)["lastStatus"] == "RUNNING" and os.path.exists(f"/proc/{pid}")
    finally:
        if freezer:
            freezer.write_text("THAWED", encoding="utf-8")
    task = stage.berth.wait_status(arn, "STOPPED")
    assert not os.path.exists(f"/proc/{pid}"), "STOPPED was reported while the process lived"
    assert task["containers"][0]["exitCode"] == 3
    stage.assert_bystander_runs()
