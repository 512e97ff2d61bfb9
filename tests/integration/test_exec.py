"""Commands in containers, and what containers have written, through controller and agent. One host for all."""

import json
import pathlib
import tempfile
import time
import urllib.request

import botocore.exceptions
import pytest

from support.berth import Berth
from support.plugin import OUTPUT, SIZE, Plugin
from support.runtimes import both
from support.streams import RESIZE, STDIN, STDOUT, Exec, Logs, grant, refused_logs, resized_terminal, run
from support.tasks import register, run as run_task
from support.waiting import wait_until
from support.websocket import Refused

pytestmark = both

ENABLED = {"enableExecuteCommand": True}
SPEAKS = ("echo begun; echo oops >&2; trap 'echo ended; exit 7' TERM; i=0; "
          "while true; do sleep 0.2; i=$((i+1)); echo tick $i; done")


@pytest.fixture(scope="module")
def house(run_folder, engines, registry):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="exec.", dir=run_folder))
    one = Berth(folder, engines, registry)
    try:
        one.start(controller_changes={"audit": {"file": str(folder / "audit.log")},
                                      "streams": {"max": 6, "idle_timeout": "3s"}})
        register(one, "shell", "busybox", command=["sleep", "3600"], readonlyRootFilesystem=True)
        one.shell = run_task(one, "shell", **ENABLED)[0]
        one.wait_status(one.shell, "RUNNING")
        yield one
    finally:
        print(one.logs())
        one.close()


def audited(house, session):
    lines = [json.loads(line) for line in (house.folder / "audit.log").read_text().splitlines()]
    return [line for line in lines if line.get("session", {}).get("id") == session["sessionId"]]


def processes(house, text):
    """The processes in the shell's container whose command line has the text."""
    container, = house.agents[0].engine.containers(label=f"com.amazonaws.ecs.task-arn={house.shell}")
    lines = [f"{pid} {command_line(pid)}" for pid in house.agents[0].engine.processes_of(container["Id"])]
    return [line for line in lines if text in line]


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""  # it has ended meanwhile


def test_a_command_has_streams_an_exit_code_a_user_and_the_container_as_it_is(house):
    answer = grant(house, house.shell, "sh -c 'echo out; echo err >&2; exit 3'")
    assert answer["containerName"] == "app" and answer["interactive"] is True and answer["taskArn"] == house.shell
    with Exec(answer["session"]) as client:
        client.finish()
    assert (client.stdout, client.stderr, client.exit_code, client.close_code) == (b"out\n", b"err\n", 3, 1000)
    assert client.started and client.error is None

    assert run(house, house.shell, "cat").stdout == b"", "without stdin a command reads its end"
    data = bytes(range(256)) * 4000
    done = run(house, house.shell, "cat", stdin=data)
    assert done.stdout == data and done.exit_code == 0
    assert run(house, house.shell, "id -u", user="12:34").stdout == b"12\n"
    assert run(house, house.shell, "id -g", user="12:34").stdout == b"34\n"
    readonly = run(house, house.shell, "touch /new")
    assert readonly.exit_code == 1 and b"Read-only file system" in readonly.stderr
    missing = run(house, house.shell, "/bin/no-such-program")
    assert missing.exit_code in (126, 127) and b"no-such-program" in missing.stdout + missing.stderr
    unknown = run(house, house.shell, "id", user="nobody-of-that-name")
    assert unknown.exit_code or unknown.error, str(unknown)
    assert run(house, house.shell, "sh -c 'kill -9 $$'").exit_code == 137


def test_a_terminal_has_a_size_that_changes(house):
    client = resized_terminal(grant(house, house.shell, "sh")["session"], b"fits first")
    assert client.exit_code == 5 and client.stderr == b""


def test_the_plugin_of_the_aws_cli_has_a_terminal(house):
    session = grant(house, house.shell, "sh")["session"]
    with Plugin(session) as plugin:
        # Its first piece of output it drops, as long as it sets itself up.
        plugin.until(lambda: plugin.output)
        assert plugin.dropped
        size = plugin.send(SIZE, b'{"cols":77,"rows":33}')
        plugin.send(OUTPUT, b"while [ \"$(stty size)\" != '33 77' ]; do sleep 0.1; done; echo fi''ts\r")
        plugin.until(lambda: b"fits\r" in plugin.output)
        last = plugin.send(OUTPUT, b"i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done; exit 3\r")
        plugin.finish()
    assert {size, last} <= plugin.acknowledged
    assert plugin.output.count(b"\nline ") == 5000
    assert plugin.closed["SessionId"] == session["sessionId"] and plugin.closed["Output"] == ""
    ended = wait_until(lambda: audited(house, session)[1:], "the end")[0]
    assert ended["session"]["exitCode"] == 3 and ended["session"]["tty"] is True


def test_the_plugin_is_told_why_there_is_no_session(house):
    with Plugin(grant(house, house.shell, "sh")["session"], token="x" * 64) as plugin:
        plugin.finish()
    assert plugin.closed["Output"] == "the token is not this session's"
    session = grant(house, house.shell, "sleep 60")["session"]
    with Plugin(session) as plugin:
        plugin.send(SIZE, b'{"cols":0,"rows":33}')
        plugin.finish()
    assert plugin.closed["Output"] == "size.cols must be from 1 to 65535"
    session = grant(house, house.shell, "sleep 4320")["session"]
    with Plugin(session) as plugin:
        wait_until(lambda: processes(house, "sleep 4320"), "the command runs")
    wait_until(lambda: not processes(house, "sleep 4320"), "the command is ended")


def test_a_token_opens_one_stream_once(house):
    session = grant(house, house.shell, "sleep 30")["session"]
    with Exec(session) as client:
        client.until(lambda: client.started)
        with pytest.raises(Refused) as refused:
            Exec(session)
        assert refused.value.answer.status == 404
    session = grant(house, house.shell, "date")["session"]
    with Exec(session, token="x" * 64) as client:
        client.finish()
    assert client.error["error"] == "InvalidTokenException" and client.close_code == 1008
    with pytest.raises(Refused):
        Exec(session)
    session = grant(house, house.shell, "date")["session"]
    with Exec(session, opening=False) as client:
        client.send(STDOUT, b"mine")
        client.finish()
    assert client.error["error"] == "InvalidFrameException" and client.close_code == 1002
    session = grant(house, house.shell, "cat")["session"]
    with Exec(session, stdin=True) as client:
        client.send(RESIZE, b"{}")
        client.send(STDOUT, b"mine")
        client.finish()
    assert client.error["error"] == "InvalidFrameException"


def test_what_can_not_be_run_is_said_at_the_call(house):
    def refusal(task, command="date", **more):
        with pytest.raises(botocore.exceptions.ClientError) as error:
            grant(house, task, command, **more)
        return error.value.response["Error"]

    register(house, "plain", "busybox", command=["sleep", "3600"])
    plain = run_task(house, "plain")[0]
    assert refusal(plain)["Code"] == "InvalidParameterException"
    assert "not closed" in refusal(house.shell, "sh -c 'oh")["Message"]
    assert refusal(house.shell, container="other")["Code"] == "InvalidParameterException"
    sessions = [grant(house, house.shell, "date")["session"] for _ in range(2)]
    opened = []
    try:
        while len(opened) < 8:
            opened.append(grant(house, house.shell, "date")["session"])
        pytest.fail("no limit")
    except house.ecs.exceptions.ClientException as error:
        assert "streams.max" in str(error)
    for session in sessions + opened:
        with Exec(session) as client:
            assert client.finish().exit_code == 0
    house.ecs.stop_task(task=plain)


def test_a_client_that_goes_takes_its_command_along_and_both_are_recorded(house):
    session = grant(house, house.shell, "sleep 1234")["session"]
    with Exec(session) as client:
        client.until(lambda: client.started)
        wait_until(lambda: processes(house, "sleep 1234"), "the command runs")
    wait_until(lambda: not processes(house, "sleep 1234"), "the command is ended")
    opened, ended = wait_until(lambda: (found := audited(house, session))[1:] and found, "both lines")
    assert opened["outcome"] == "session opened" and ended["outcome"] == "session ended"
    assert opened["session"]["command"].strip() == "sleep 1234" and opened["session"]["container"] == "app"
    assert opened["resources"] == [house.shell] and opened["principal"].endswith(":root")
    assert ended["session"]["error"] == "ClientDisconnected"
    session = grant(house, house.shell, "sh -c 'exit 4'")["session"]
    with Exec(session, user="7") as client:
        client.finish()
    ended = wait_until(lambda: audited(house, session)[1:], "the end")[0]
    assert ended["session"]["exitCode"] == 4 and ended["session"]["user"] == "7"


def test_a_session_without_a_word_ends_and_a_busy_one_does_not(house):
    session = grant(house, house.shell, "sh -c 'for i in 1 2 3 4; do sleep 1; echo $i; done; sleep 60'")["session"]
    with Exec(session) as client:
        client.finish()
    assert client.stdout == b"1\n2\n3\n4\n"
    assert client.error["error"] == "SessionTimeoutException" and client.close_code == 1011


def test_output_that_nobody_reads_waits_and_is_whole(house):
    session = grant(house, house.shell, "sh -c 'head -c 30000000 /dev/zero; echo done >&2'")["session"]
    before = rss(house.controller), rss(house.agents[0])
    with Exec(session) as client:
        client.until(lambda: client.started)
        wait_until(stall(house), "the command waits")
        grown = [now - then for now, then in zip((rss(house.controller), rss(house.agents[0])), before)]
        assert max(grown) < 8 << 20, grown
        client.finish()
    assert (len(client.stdout), client.stderr, client.exit_code) == (30000000, b"done\n", 0), str(client)


def rss(program):
    status = pathlib.Path(f"/proc/{program.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) << 10


def stall(house):
    """A probe: the command's writer has written something, and for a second no more."""
    seen = {"written": "", "since": time.monotonic()}

    def probe():
        # The shell's child bears the shell's command line.
        found = sorted(int(line.split()[0]) for line in processes(house, "head -c"))
        if len(found) < 2:
            return False
        written = pathlib.Path(f"/proc/{found[-1]}/io").read_text(encoding="ascii")
        if written != seen["written"]:
            seen.update(written=written, since=time.monotonic())
        return time.monotonic() - seen["since"] > 1

    return probe


def test_logs_of_running_and_stopped_tasks(house):
    register(house, "speaks", "busybox", command=["sh", "-c", SPEAKS])
    task = run_task(house, "speaks")[0]
    house.wait_status(task, "RUNNING")
    with Logs(house, task=task, follow="true") as logs:
        first = [logs.next() for _ in range(4)]
        assert {"container": "app", "stream": "stdout", "line": "begun"}.items() <= first[0].items() or \
            {"container": "app", "stream": "stderr", "line": "oops"}.items() <= first[0].items()
        assert {("stdout", "begun"), ("stderr", "oops")} <= {(one["stream"], one["line"]) for one in first}
        house.ecs.stop_task(task=task)
        rest = logs.all()
        assert rest[-1]["line"] == "ended" and "error" not in rest[-1]
    house.wait_status(task, "STOPPED")
    with Logs(house, task=task.rpartition("/")[2], container="app") as logs:
        every = logs.all()
    assert every[-1]["line"] == "ended" and len(every) == len(first) + len(rest)
    with Logs(house, task=task, tail="2") as logs:
        assert [one["line"] for one in logs.all()] == [one["line"] for one in every[-2:]]
    with Logs(house, task=task, since=every[-3]["time"]) as logs:
        assert [one["line"] for one in logs.all()] == [one["line"] for one in every[-3:]]


def test_logs_that_can_not_be_had_are_refused_by_the_reason(house):
    assert refused_logs(house, task="0" * 32)[:2] == (404, "ResourceNotFoundException")
    assert refused_logs(house, task=house.shell, container="x")[:2] == (400, "InvalidParameterException")
    assert "since must be" in refused_logs(house, task=house.shell, since="yesterday")[2]


def test_logs_that_a_driver_does_not_keep_are_refused_by_its_name(house):
    register(house, "mute", "busybox", command=["sleep", "3600"], logConfiguration={
        "logDriver": "syslog", "options": {"syslog-address": "udp://127.0.0.1:9", "cache-disabled": "true"}})
    mute = run_task(house, "mute")[0]
    house.wait_status(mute, "RUNNING")
    status, kind, message = refused_logs(house, task=mute)
    assert (status, kind) == (400, "ClientException"), message
    assert "log driver syslog" in message
    house.ecs.stop_task(task=mute)


def test_a_reader_of_logs_that_goes_is_not_served_on(house):
    def open_streams():
        with urllib.request.urlopen(f"{house.controller.url}/metrics", timeout=5) as reply:
            text = reply.read().decode()
        return int(float(text.split("\nberth_streams_open ")[1].split()[0]))

    register(house, "chatter", "busybox", command=["sh", "-c", "while true; do echo x; sleep 0.1; done"])
    task = run_task(house, "chatter")[0]
    house.wait_status(task, "RUNNING")
    with Logs(house, task=task, follow="true") as logs:
        assert logs.next()["line"] == "x"
        assert open_streams() == 1
    wait_until(lambda: open_streams() == 0, "the stream is closed")
    house.ecs.stop_task(task=task)


def test_an_agent_or_a_controller_that_goes_ends_its_sessions(house):
    session = grant(house, house.shell, "sleep 4321")["session"]
    with Exec(session) as client:
        client.until(lambda: client.started)
        house.agents[0].stop()
        client.finish()
    assert client.error["error"] == "TargetNotConnectedException" and client.close_code == 1011
    with pytest.raises(botocore.exceptions.ClientError) as error:
        wait_until(lambda: grant(house, house.shell, "date") and None, "the loss", 20)
    assert error.value.response["Error"]["Code"] == "TargetNotConnectedException"
    house.agents[0].start_joined()
    wait_until(lambda: not processes(house, "sleep 4321"), "the command is ended")

    session = grant(house, house.shell, "sleep 4322")["session"]
    waiting = grant(house, house.shell, "date")["session"]
    with Exec(session) as client:
        client.until(lambda: client.started)
        house.controller.stop()
        client.finish()
    assert client.exit_code is None
    house.controller.start()
    house.agents[0].wait_joined()
    with pytest.raises(Refused):
        Exec(waiting)
    wait_until(lambda: not processes(house, "sleep 4322"), "the command is ended")
    assert run(house, house.shell, "echo again").stdout == b"again\n"
