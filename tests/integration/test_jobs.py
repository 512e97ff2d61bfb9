"""Jobs on a real controller and a real agent: run by hand, a failing command that is tried again, history, policies."""

import json
import pathlib
import tempfile
import urllib.parse

from support.berth import Controller
from support.tasks import register
from support.waiting import wait_until
from support.wire import Key, exchange, request_bytes


class Jobs:
    """Requests about jobs, signed by hand."""

    def __init__(self, controller):
        self.controller = controller

    def send(self, method, path, body=None, key=None, **query):
        target = "/v1/jobs" + path + ("?" + urllib.parse.urlencode(query) if query else "")
        content = json.dumps(body).encode() if body is not None else b""
        key = key or Key.read(self.controller.credentials_file)
        head = key.sign(method, target, {"Host": f"127.0.0.1:{self.controller.port}",
                                         "Content-Length": str(len(content))}, content)
        return exchange(self.controller.port, request_bytes(method, target, head, content))

    def ask(self, method, path, body=None, **query):
        # Two equal requests of one second would be taken for a replay: those are sent again.
        def sent():
            answer = self.send(method, path, body, **query)
            return answer if b"ThrottlingException" not in answer.body else None

        answer = wait_until(sent, f"an answer to {method} {path}")
        assert answer.status == 200, answer.body
        return answer.json

    def refused(self, method, path, body=None, **query):
        answer = self.send(method, path, body, **query)
        return answer.status, answer.json["message"]

    def runs(self, name):
        return self.ask("GET", f"/{name}/runs")["runs"]

    def over(self, name):
        """The newest run, once it is over."""
        return wait_until(lambda: next((run for run in self.runs(name)[:1] if run["outcome"]), None),
                          f"the end of the run of {name}", 30)


def test_jobs_run_are_tried_again_and_remembered(berth):
    berth.start()
    register(berth, "work", berth.image("busybox"), command=["/bin/sh", "-c", "exit 0"], stopTimeout=2)
    jobs = Jobs(berth.controller)

    made = jobs.ask("PUT", "/good", {"schedule": "cron(30 2 * * ? *)", "timezone": "Europe/Berlin",
                                     "taskDefinition": "work"})["job"]
    assert made["nextRun"] and made["paused"] is False and made["overlap"] == "skip"
    assert [job["name"] for job in jobs.ask("GET", "")["jobs"]] == ["good"]
    run = jobs.ask("POST", "/good/run")["run"]
    assert run["state"] == "RUNNING" and run["trigger"] == "hand"
    done = jobs.over("good")
    assert done["id"] == run["id"] and done["outcome"] == "SUCCEEDED", done
    task, = berth.ecs.describe_tasks(tasks=done["attempts"][0]["tasks"])["tasks"]
    assert task["startedBy"] == "berth-job/good" and task["containers"][0]["exitCode"] == 0

    overrides = {"containerOverrides": [{"name": "app", "command": ["/bin/sh", "-c", "exit 3"]}]}
    jobs.ask("PUT", "/bad", {"taskDefinition": "work", "overrides": overrides,
                             "retry": {"attempts": 2, "backoff": "200ms", "onExitCodes": [3]}})
    jobs.ask("POST", "/bad/run")
    failed = jobs.over("bad")
    assert failed["outcome"] == "FAILED" and "exit code 3" in failed["reason"], failed
    assert [attempt["exitCode"] for attempt in failed["attempts"]] == [3, 3]
    assert len({attempt["tasks"][0] for attempt in failed["attempts"]}) == 2

    overrides["containerOverrides"][0]["command"] = ["/bin/sh", "-c", "sleep 60"]
    jobs.ask("PUT", "/long", {"taskDefinition": "work", "overrides": overrides, "maxLifetime": "1s"})
    jobs.ask("POST", "/long/run")
    assert jobs.runs("long")[0]["outcome"] is None
    assert jobs.ask("POST", "/long/run")["run"]["outcome"] == "SKIPPED"
    jobs.ask("PUT", "/long", {"taskDefinition": "work", "overrides": overrides, "keepRuns": 5})

    assert jobs.ask("POST", "/good/pause")["job"]["nextRun"] is None
    berth.controller.stop()
    berth.controller.start()
    assert jobs.ask("GET", "/good")["job"]["paused"] is True
    assert jobs.runs("bad")[0] == failed
    assert jobs.ask("POST", "/good/resume")["job"]["nextRun"] == made["nextRun"]
    long = wait_until(lambda: next((run for run in jobs.runs("long") if run["outcome"] == "FAILED"), None),
                      "the end of the run that took too long", 30)
    assert long["reason"].startswith("berth:maxLifetime: ")
    assert jobs.ask("DELETE", "/bad") == {}
    assert jobs.refused("GET", "/bad")[0] == 404


def test_what_is_wrong_with_a_request_about_jobs_is_told(berth):
    berth.start(agents=0)
    berth.ecs.register_task_definition(
        family="work", containerDefinitions=[{"name": "app", "image": "x", "memory": 16}])
    jobs = Jobs(berth.controller)
    good = {"taskDefinition": "work"}
    for method, path, body, status, words in (
            ("PUT", "/a", {**good, "shedule": "x"}, 400, "did you mean 'schedule'?"),
            ("PUT", "/a", {**good, "schedule": "61 * * * *"}, 400, "the minutes '61'"),
            ("PUT", "/a", {**good, "timezone": "Mars/Olympus"}, 400, "no such time zone"),
            ("PUT", "/a.b", good, 400, "A job's name has"),
            ("PUT", "/a", [1], 400, "The body"),
            ("PUT", "/a", {**good, "cluster": 7}, 400, "'cluster' must be a text"),
            ("POST", "/a/run", None, 404, "There is no job 'a'"),
            ("POST", "/a/run", {"count": 2}, 400, "takes no members"),
            ("POST", "/a", None, 405, "GET, PUT, DELETE"),
            ("POST", "", None, 405, "GET"),
            ("GET", "/a/walk", None, 404, "/runs, /run, /pause or /resume"),
            ("DELETE", "/a", None, 404, "There is no job 'a'")):
        got = jobs.refused(method, path, body)
        assert got[0] == status and words in got[1], (method, path, body, got)
    assert jobs.refused("GET", "/a", color="red")[1].startswith("The parameter 'color'")
    wrong = jobs.send("PUT", "/a", good, key=Key("AKIAUNKNOWN", "secret"))
    assert wrong.status in (400, 403) and jobs.ask("GET", "")["jobs"] == []


def caller(folder, name, *statements):
    """Adds a caller with a policy; answers its key."""
    key = Key(f"AKIA{name.upper()}", f"secret-of-{name}")
    (folder / name).mkdir(parents=True)
    file = folder / name / "credentials"
    file.write_text(f"[default]\naws_access_key_id = {key.key_id}\naws_secret_access_key = {key.secret}\n")
    file.chmod(0o600)
    (folder / name / "policy.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements]}))
    return key


def test_who_puts_a_job_may_do_so_and_may_run_its_tasks():
    with tempfile.TemporaryDirectory(prefix="berth-test.") as name:
        folder = pathlib.Path(name)
        own = "arn:aws:ecs:*:*:job/default/mine-*"
        ann = caller(folder / "callers", "ann", ("berth:*Job*", own), ("ecs:RunTask", "*"))
        bob = caller(folder / "callers", "bob", ("berth:PutJob", "*"))
        controller = Controller(folder / "controller", {
            "callers": str(folder / "callers"), "audit": {"file": str(folder / "audit.log")}}).start()
        try:
            controller.client().create_cluster(clusterName="default")
            controller.client().register_task_definition(
                family="work", containerDefinitions=[{"name": "app", "image": "x", "memory": 16}])
            jobs = Jobs(controller)
            body = {"taskDefinition": "work", "schedule": "rate(1 day)"}
            made = jobs.send("PUT", "/mine-a", body, key=ann)
            assert made.status == 200 and made.json["job"]["owner"].endswith(":user/ann"), made.body
            assert jobs.send("PUT", "/other", body, key=ann).error[0] == "AccessDeniedException"
            assert jobs.send("GET", "/mine-a", key=ann).status == 200
            assert jobs.send("GET", "", key=ann).error[0] == "AccessDeniedException"
            error, words = jobs.send("PUT", "/mine-b", body, key=bob).error
            assert error == "AccessDeniedException" and "ecs:RunTask" in words
            # A signature is good for one change.
            target = "/v1/jobs/mine-a/pause"
            head = ann.sign("POST", target, {"Host": f"127.0.0.1:{controller.port}", "Content-Length": "0"})
            request = request_bytes("POST", target, head)
            assert exchange(controller.port, request).status == 200
            assert exchange(controller.port, request).error[0] == "ThrottlingException"
            lines = [json.loads(line) for line in (folder / "audit.log").read_text().splitlines()]
            told = [(line["operation"], line["outcome"]) for line in lines if line["operation"].startswith("berth:")]
            assert ("berth:PutJob", "ok") in told and ("berth:PauseJob", "ok") in told
            assert ("berth:PutJob", "AccessDeniedException") in told
        finally:
            controller.stop()
