"""Credentials of tasks' roles: who gets them, what becomes of them when the agent dies, and where they never are."""

import json
import pathlib
import re
import select
import socket
import subprocess
import time
import uuid

import pytest

from support.local import ADDRESS, TASK_PORT, Local
from support.relay import APPLICATION, EXECUTION
from support.runtimes import both
from support.waiting import wait_until

pytestmark = both

FLOOD_SECONDS = 3
FAST_SECONDS = 0.1

# python3 -c CALLS URL SECONDS THREADS INTERVAL: each thread asks at most once an interval, on a connection of its
# own; says how often which status came and how long each answer took.
CALLS = """
import http.client, json, sys, threading, time

address, path, seconds, threads, interval = sys.argv[1], sys.argv[2], *map(float, sys.argv[3:])
end = time.monotonic() + seconds
answers, lock = [], threading.Lock()
def ask():
    peer = http.client.HTTPConnection(address, timeout=5)
    while (began := time.monotonic()) < end:
        try:
            peer.request("GET", path)
            answer = peer.getresponse()
            answer.read()
            status = answer.status
        except OSError:
            status = 0
            peer.close()
        took = time.monotonic() - began
        with lock:
            answers.append((status, took))
        time.sleep(max(0.0, interval - took))
all_threads = [threading.Thread(target=ask) for _ in range(int(threads))]
for one in all_threads: one.start()
for one in all_threads: one.join()
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def local(run_folder, engines, registry):
    with Local(run_folder, engines, registry, {"log": {"level": "debug"}}) as one:
        for family, mode in (("bridged", "bridge"), ("stranger", "bridge"), ("hosted", "host"), ("neighbour", "host")):
            one.define(family, {"name": "app"}, {"name": "side"}, networkMode=mode)
            one.relay.roles[family] = (APPLICATION, EXECUTION)
        one.define("plain", {"name": "app"})
        yield one


class Running:
    """A task that runs, and its credentials."""

    def __init__(self, local, family):
        self.arn = local.run(family)
        self.docker = local.containers(self.arn)
        self.path = Local.environment(self.docker["app"]).get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        self._relay = local.relay

    @property
    def credentials(self):
        return self._relay.of(self.arn)

    def execution_path(self):
        return f"/v2/credentials/{self._relay.of(self.arn, EXECUTION).id}"


@pytest.fixture(scope="module")
def tasks(local):
    return {family: Running(local, family) for family in ("bridged", "stranger", "hosted", "neighbour", "plain")}


def assert_refused(answer):
    assert answer.status == 403 and answer.json["code"] == "AccessDenied", answer
    assert answer.json["message"].startswith("CredentialsV2Request: "), answer


def test_containers_are_told_where_their_credentials_are_and_those_without_a_role_are_not(local, tasks):
    for family in ("bridged", "hosted"):
        task = tasks[family]
        for container in task.docker.values():
            uri = Local.environment(container)["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]
            assert uri == f"/v2/credentials/{task.credentials.id}"
    assert tasks["plain"].path is None


@pytest.mark.parametrize("family", ["bridged", "hosted"])
def test_each_container_of_a_task_gets_its_credentials(local, tasks, family):
    task = tasks[family]
    for container in task.docker.values():
        answer = local.inside(container, task.path)
        assert answer.status == 200 and answer.kind == "application/json", answer
        assert answer.json == task.credentials.as_served()
    by_query = local.inside(task.docker["app"], f"/v1/credentials?id={task.credentials.id}")
    assert by_query.json == task.credentials.as_served()


def test_the_host_itself_gets_those_of_the_execution_role_for_the_log_drivers(local, tasks):
    task = tasks["bridged"]
    answer = local.task_server(task.execution_path())
    assert answer.status == 200 and answer.json == local.relay.of(task.arn, EXECUTION).as_served()


@pytest.mark.parametrize("owner", ["bridged", "hosted"])
@pytest.mark.parametrize("asking", ["stranger", "neighbour", "plain"])
def test_a_container_of_another_task_does_not_get_them(local, tasks, owner, asking):
    stranger = tasks[asking].docker["app"]
    for path in (tasks[owner].path, tasks[owner].execution_path()):
        answer = local.inside(stranger, path)
        assert_refused(answer)
        assert not any(one.secret in answer.text or one.token in answer.text for one in local.relay.given)


def open_connections():
    """How many the task server has."""
    with open("/proc/net/tcp", encoding="ascii") as lines:
        rows = [line.split() for line in lines]
    return sum(row[1].endswith(f":{TASK_PORT:04X}") and row[3] == "01" for row in rows)


def test_a_connection_that_a_neighbour_keeps_open_does_not_cost_others_their_credentials(local, tasks):
    hosted, neighbour = tasks["hosted"], tasks["neighbour"]
    before = open_connections()
    # Containers on the host's network have its address in common.
    local.agent.engine.execute_detached(neighbour.docker["app"]["Id"], "/bin/sh", "-c",
                              f"sleep 20 | nc {ADDRESS} 80")
    wait_until(lambda: open_connections() > before, "the neighbour's connection")
    answer = local.inside(hosted.docker["app"], hosted.path)
    assert answer.status == 200 and answer.json == hosted.credentials.as_served(), answer
    assert open_connections() > before, "it was there all the time"


def test_a_connection_ends_with_its_answer_also_for_clients_that_would_keep_it(local):
    with socket.create_connection(("127.0.0.1", TASK_PORT), timeout=5) as peer:
        peer.sendall(f"GET /v4/nothing HTTP/1.1\r\nHost: {ADDRESS}\r\nConnection: keep-alive\r\n\r\n".encode())
        with peer.makefile("rb") as stream:
            assert stream.read().startswith(b"HTTP/1.1 404 "), "and then the end"


def test_questions_without_an_id_or_with_an_unknown_one_are_refused_as_amazons_agent_does(local, tasks):
    container = tasks["bridged"].docker["app"]
    for path, code, message in (
            ("/v2/credentials", "NoIdInRequest", "CredentialsV2Request: No Credential ID in the request"),
            ("/v1/credentials", "NoIdInRequest", "CredentialsV1Request: No Credential ID in the request"),
            (f"/v2/credentials/{uuid.uuid4()}", "InvalidIdInRequest", "CredentialsV2Request: Credentials not found"),
            (f"/v1/credentials?id={uuid.uuid4()}", "InvalidIdInRequest",
             "CredentialsV1Request: Credentials not found")):
        answer = local.inside(container, path)
        assert (answer.status, answer.json) == \
            (400, {"code": code, "message": message, "HTTPErrorCode": 400}), path


def test_every_set_is_acknowledged(local, tasks):
    payloads = [json.loads(text) for text in local.relay.frames("acs")]
    acknowledged = {one["message"]["credentialsId"] for one in payloads
                    if one["type"] == "IAMRoleCredentialsAckRequest"}
    assert {one.id for one in local.relay.given} <= acknowledged


def test_rotated_credentials_are_served_under_the_same_address(local, tasks):
    task = tasks["bridged"]
    before = task.credentials.as_served()
    fresh, message = local.relay.rotate(task.arn)
    wait_until(lambda: message in local.relay.acknowledged(), "the new credentials are acknowledged")
    answer = local.inside(task.docker["app"], task.path)
    assert answer.json == fresh.as_served() != before


def audit_lines(local):
    return (local.agent.folder / "data/audit.log").read_text().splitlines()


def test_each_request_is_written_down(local, tasks):
    task = tasks["bridged"]
    who = f"asker-{uuid.uuid4().hex[:8]}"
    address = task.docker["app"]["NetworkSettings"]["IPAddress"]
    local.inside(task.docker["app"], task.path, user_agent=who)
    local.inside(task.docker["app"], task.execution_path(), user_agent=who)
    local.inside(tasks["stranger"].docker["app"], task.path, user_agent=who)
    local.inside(task.docker["app"], "/v2/credentials", user_agent=who)
    lines = wait_until(lambda: (found := [line for line in audit_lines(local) if who in line]) and len(found) == 4
                       and found, "four lines")
    instance = f"2 default {local.agent.instance_arn}"
    other = tasks["stranger"].docker["app"]["NetworkSettings"]["IPAddress"]
    expected = [f'200 {address} "/v2/credentials" "{who}" {task.arn} GetCredentials {instance}',
                f'200 {address} "/v2/credentials" "{who}" {task.arn} GetCredentialsExecutionRole {instance}',
                f'403 {other} "/v2/credentials" "{who}" {task.arn} GetCredentials {instance}',
                f'400 {address} "/v2/credentials" "{who}" -']
    stamps, rest = zip(*(line.split(" ", 1) for line in lines))
    assert list(rest) == expected
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", one) for one in stamps)
    mode = (local.agent.folder / "data/audit.log").stat().st_mode & 0o777
    assert mode == 0o600


def start_asking(path):
    """A request that has been sent and not been answered."""
    peer = socket.create_connection(("127.0.0.1", TASK_PORT), timeout=10)
    peer.sendall(f"GET {path} HTTP/1.1\r\nHost: {ADDRESS}\r\nConnection: close\r\n\r\n".encode())
    return peer


def answer_of(peer):
    with peer, peer.makefile("rb") as stream:
        head, _, body = stream.read().partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def test_after_a_crash_a_request_waits_until_the_controller_has_sent_the_credentials_again(local, tasks):
    task = tasks["hosted"]
    local.relay.withhold()
    sessions = len(local.relay.upgrades("acs"))
    # Containers ask from the first moment on, also while nobody answers the agent itself.
    local.proxy.hang()
    local.kill()
    local.agent.start()
    local.wait_serving()
    began = time.monotonic()
    status, error = answer_of(start_asking(task.path))
    assert (status, error) == (503, {"code": "CredentialsUninitialized", "HTTPErrorCode": 503,
                                     "message": "CredentialsV2Request: Credentials uninitialized for ID"})
    assert time.monotonic() - began > 1, "it was not refused at once"
    local.proxy.heal()
    local.agent.wait_joined()
    target, _ = wait_until(lambda: local.relay.upgrades("acs")[sessions:], "a session of the new process")[0]
    assert "sendCredentials=true" in target

    peer = start_asking(task.path)
    assert select.select([peer], [], [], 0.5) == ([], [], []), "it waits"
    local.relay.release()
    assert answer_of(peer) == (200, task.credentials.as_served())
    for family in ("bridged", "stranger", "neighbour"):
        one = tasks[family]
        assert local.inside(one.docker["app"], one.path).json == one.credentials.as_served()
    assert_refused(local.inside(tasks["stranger"].docker["app"], task.path))


def test_a_task_that_was_told_its_address_before_a_crash_finds_it_again_by_the_same(local, tasks):
    known = {family: tasks[family].path for family in ("bridged", "hosted")}
    local.restart()
    for family, path in known.items():
        assert local.containers(tasks[family].arn)["app"]["Id"] == tasks[family].docker["app"]["Id"]
        answer = wait_until(lambda path=path, family=family: (one := local.inside(
            tasks[family].docker["app"], path)).status == 200 and one, f"credentials of {family}")
        assert answer.json == tasks[family].credentials.as_served()


def calls(container, path, threads, interval):
    """Requests from the network of a container, by a program that is under way."""
    command = ["nsenter", f"--net=/proc/{container['State']['Pid']}/ns/net", "--", "/usr/bin/python3", "-c", CALLS,
               ADDRESS, path, str(FLOOD_SECONDS), str(threads), str(interval)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def answers_of(program):
    output, _ = program.communicate(timeout=60)
    assert program.returncode == 0
    return json.loads(output)


def test_a_container_that_asks_too_much_does_not_keep_another_from_its_credentials(local, tasks):
    noisy, quiet = tasks["stranger"], tasks["bridged"]
    flood = calls(noisy.docker["app"], noisy.path, threads=60, interval=0.1)
    try:
        calm = answers_of(calls(quiet.docker["app"], quiet.path, threads=1, interval=0.05))
        noise = answers_of(flood)
    finally:
        flood.kill()
        flood.wait(10)
    times = sorted(took for _, took in calm)
    p99 = times[int(len(times) * 0.99)]
    refused = sum(status == 429 for status, _ in noise)
    print(f"\n{len(noise) / FLOOD_SECONDS:.0f} requests a second, {refused} of {len(noise)} refused; beside them "
          f"{len(calm)} answers, median {times[len(times) // 2] * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms")
    assert len(noise) > 200 * FLOOD_SECONDS
    assert {status for status, _ in noise} == {200, 429}
    assert len(noise) - refused <= 60 + 40 * (FLOOD_SECONDS + 1), "the burst, and the rate"
    assert {status for status, _ in calm} == {200} and len(calm) > 30
    assert p99 < FAST_SECONDS


def contents(folder):
    # Network namespaces are kept as files, too; there is nothing in them to read.
    return {path: path.read_bytes() for path in pathlib.Path(folder).rglob("*")
            if path.is_file() and path.parent.name != "namespaces"}


def test_credentials_are_in_no_file_of_the_agent_and_in_no_other_answer(local, tasks):
    """Last: by now they were sent, served, rotated and sent again."""
    local.agent.stop()
    secrets = {text.encode() for one in local.relay.given for text in (one.secret, one.token)}
    assert len(secrets) >= 16
    kept = contents(local.agent.folder)
    assert any(path.name == "state.db" for path in kept) and any(path.suffix == ".log" for path in kept)
    ids = [one.id.encode() for one in local.relay.given]
    assert any(one in content for content in kept.values() for one in ids), "what is looked through is the right thing"
    assert [str(path) for path, content in kept.items() if any(one in content for one in secrets)] == []

    local.agent.start_joined()
    local.wait_serving()
    shown = [local.introspection(path).text for path in ("/v1/tasks", "/metrics", "/v1/metadata")]
    for task in tasks.values():
        shown.append(local.introspection(f"/v1/why?task={task.arn}").text)
        metadata = Local.environment(task.docker["app"])["ECS_CONTAINER_METADATA_URI_V4"]
        shown.append(local.inside(task.docker["app"], metadata.removeprefix(f"http://{ADDRESS}") + "/task").text)
    assert len(shown) == 13 and all(shown)
    assert not any(one.decode() in text for text in shown for one in secrets)
