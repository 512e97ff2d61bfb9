"""Commands in containers, logs and jobs, against a controller by script that speaks what the documents say."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios

import fake
from conftest import golden
from fake import TASK, Fake
from support.berth import binary


def berth(one, *arguments, text="", code=0):
    done = subprocess.run([binary("berth"), *arguments], env=one.environment, input=text, capture_output=True, text=True,
                          timeout=30, check=False)
    assert done.returncode == code, f"{done.returncode}\n{done.stdout}{done.stderr}"
    return done


def test_a_command_has_input_both_outputs_and_an_exit_code():
    seen = []

    def talk(stream):
        seen.append(stream.receive())
        stream.send(fake.STARTED, b"{}")
        while (frame := stream.receive())[1]:
            seen.append(frame)
        seen.append(frame)
        stream.send(fake.KEEPALIVE)
        stream.send(fake.STDOUT, b"out \xff\n")
        stream.send(fake.STDERR, b"err\n")
        stream.send(fake.EXIT, b'{"exitCode": 3}')

    with Fake(talk) as one:
        done = subprocess.run([binary("berth"), "exec", TASK, "--container", "app", "-u", "1:2", "--", "say", "it's", "-n"],
                              env=one.environment, input=b"hello\n", capture_output=True, timeout=30, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (3, b"out \xff\n", b"err\n")
        assert one.asked == [("ExecuteCommand", {
            "cluster": "default", "task": TASK, "container": "app", "interactive": True,
            "command": r"'say' 'it'\''s' '-n'"})]
    assert json.loads(seen[0][1]) == {"token": "token", "tty": False, "stdin": True, "user": "1:2"}
    assert [frame for frame in seen[1:]] == [(fake.STDIN, b"hello\n"), (fake.STDIN, b"")]


def test_a_session_that_ends_without_an_exit_code_is_a_failure():
    def talk(stream):
        stream.receive()
        stream.send(fake.ERROR, b'{"error": "TaskStoppedException", "message": "gone"}')

    with Fake(talk) as one:
        assert "TaskStoppedException: gone" in berth(one, "exec", "-n", TASK, code=1).stderr
    with Fake(lambda stream: stream.receive()) as one:
        assert "the stream broke" in berth(one, "exec", "-n", TASK, code=1).stderr


def test_a_terminal_is_raw_and_tells_its_size():
    seen = []

    def talk(stream):
        seen.append(json.loads(stream.receive()[1]))
        stream.send(fake.STARTED, b"{}")
        stream.send(fake.STDOUT, b"$ ")
        while (frame := stream.receive())[0] != fake.RESIZE:
            seen.append(frame)
        seen.append(frame)
        stream.send(fake.EXIT, b'{"exitCode": 0}')

    with Fake(talk) as one:
        terminal, own = pty.openpty()
        fcntl.ioctl(own, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        before = termios.tcgetattr(own)

        def takes_terminal():
            os.setsid()
            fcntl.ioctl(own, termios.TIOCSCTTY, 0)

        shell = subprocess.Popen([binary("berth"), "exec", TASK], env=one.environment, stdin=own, stdout=own, stderr=own,
                                 preexec_fn=takes_terminal)
        output = b""
        while b"$ " not in output:
            output += os.read(terminal, 100)
        os.write(terminal, b"\x03")  # Ctrl-C goes to the command
        fcntl.ioctl(own, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        assert shell.wait(timeout=20) == 0
        assert termios.tcgetattr(own) == before
        os.close(own)
        os.close(terminal)
    assert seen[0] == {"token": "token", "tty": True, "stdin": True, "columns": 120, "rows": 40}
    assert (fake.STDIN, b"\x03") in seen or seen[1][0] == fake.RESIZE
    assert json.loads(seen[-1][1]) == {"columns": 80, "rows": 24}


def line(second, text, **more):
    return json.dumps({"time": f"2026-11-27T18:00:0{second}Z", "container": "app", "stream": "stdout", "line": text}
                      | more) + "\n"


def test_logs_are_lines_and_go_on_after_a_break_without_saying_one_twice():
    broken = json.dumps({"error": "TargetNotConnectedException", "message": "the connection broke"}) + "\n"
    answers = {"GET /v1/logs": [line(1, "one") + "\n" + line(2, "two") + broken, line(2, "two") + line(3, "three")]}
    with Fake(answers=answers) as one:
        done = berth(one, "logs", "-f", "--tail", "5", TASK)
        assert done.stdout == "app | one\napp | two\napp | three\n"
        assert "the stream broke" in done.stderr
        assert [call[1] for call in one.asked if call[0] == "GET"] == [
            f"/v1/logs?follow=true&tail=5&task={TASK}",
            f"/v1/logs?follow=true&since=2026-11-27T18%3A00%3A02Z&task={TASK}"]


def test_logs_go_on_when_a_restart_policy_has_started_the_container_again():
    def told(status, container):
        return json.dumps({"tasks": [{"desiredStatus": status, "containers": [{"name": "app", "lastStatus": container}]}]})

    answers = {"GET /v1/logs": [line(1, "one"), line(1, "one") + line(2, "again")],
               "DescribeTasks": [told("RUNNING", "RUNNING"), told("RUNNING", "STOPPED")]}
    with Fake(answers=answers) as one:
        assert berth(one, "logs", "-f", TASK).stdout == "app | one\napp | again\n"
    answers = {"GET /v1/logs": [line(1, "one")], "DescribeTasks": [told("STOPPED", "RUNNING")]}
    with Fake(answers=answers) as one:
        assert berth(one, "logs", "-f", TASK).stdout == "app | one\n"


def test_logs_that_are_not_whole_are_a_failure():
    broken = json.dumps({"error": "ClientException", "message": "no"}) + "\n"
    with Fake(answers={"GET /v1/logs": [line(1, "a", partial=True) + line(1, "b") + broken]}) as one:
        done = berth(one, "logs", "--container", "app", TASK, code=1)
        assert done.stdout == "ab\n" and "ClientException: no" in done.stderr


def job(**more):
    return {"name": "report", "jobArn": "arn:aws:ecs:us-east-1:000000000000:job/default/report", "schedule": "rate(1 hour)",
            "taskDefinition": "report:2", "paused": False, "nextRun": None, "openRuns": 1,
            "lastRun": {"state": "FAILED", "scheduledFor": "2026-11-27T18:00:00.000Z"}} | more


def test_jobs_are_listed_told_and_applied(tmp_path):
    run = {"id": "r1", "trigger": "SCHEDULE", "state": "FAILED", "reason": None, "scheduledFor": "2026-11-27T18:00:00.000Z",
           "attempts": [{"tasks": [f"arn:aws:ecs:us-east-1:000000000000:task/default/{TASK}"], "reason": "exit 3"}]}
    answers = {"GET /v1/jobs": [json.dumps({"jobs": [job(), job(name="other", paused=True, lastRun=None)]})],
               "GET /v1/jobs/report": [json.dumps({"job": job()})],
               "GET /v1/jobs/report/runs": [json.dumps({"runs": [run]})],
               "POST /v1/jobs/report/run": [json.dumps({"run": {"id": "r2", "state": "STARTING"}})],
               "POST /v1/jobs/report/pause": [json.dumps({"job": job(paused=True)})],
               "PUT /v1/jobs/report": [json.dumps({"job": job()})],
               "DELETE /v1/jobs/report": ["{}"]}
    with Fake(answers=answers) as one:
        listed = berth(one, "jobs", "list").stdout.splitlines()
        assert listed[0].split() == ["NAME", "SCHEDULE", "DEFINITION", "NEXT", "OPEN", "LAST", "WHEN"]
        assert listed[1].split()[:4] == ["report", "rate(1", "hour)", "report:2"] and "FAILED" in listed[1]
        assert "paused" in listed[2]
        golden("jobs-runs", berth(one, "jobs", "runs", "rep").stdout)
        assert json.loads(berth(one, "jobs", "show", "report").stdout)["name"] == "report"
        assert berth(one, "jobs", "run", "report").stdout == "job report: run r2 STARTING\n"
        assert "is paused" in berth(one, "jobs", "pause", "report").stdout
        assert "deleted" in berth(one, "jobs", "delete", "report").stdout
        file = tmp_path / "job.yaml"
        file.write_text("name: report\nschedule: rate(1 hour)\ntaskDefinition: report\nretry: {attempts: 3}\n")
        berth(one, "jobs", "apply", str(file))
        assert one.asked[-1] == ("PUT", "/v1/jobs/report?cluster=default", json.dumps(
            {"retry": {"attempts": 3}, "schedule": "rate(1 hour)", "taskDefinition": "report"}, separators=(",", ":")))
        assert "there is no job 'x'" in berth(one, "jobs", "show", "x", code=1).stderr
