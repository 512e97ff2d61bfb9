"""Jobs on a controller that has them: put by a file, run by hand, paused, forgotten."""

import json
import subprocess

import pytest

from support.berth import binary

JOB = """\
name: nightly
schedule: 30 2 * * *
timezone: Europe/Berlin
taskDefinition: {family: report, containerDefinitions: [{name: app, image: "report:1", cpu: 64, memory: 64}]}
overlap: allow
retry: {attempts: 2, backoff: 30s}
"""


@pytest.fixture
def jobs(cluster):
    """`berth jobs`; without jobs in the controller there is nothing to test."""
    listed = subprocess.run([binary("berth"), "jobs", "list"], env=cluster.environment, capture_output=True, text=True,
                            timeout=30, check=False)
    if "There is nothing at this path" in listed.stderr:
        pytest.skip("this controller has no jobs")
    return lambda *arguments, code=0: cluster.berth("jobs", *arguments, code=code)


def test_a_job_is_put_run_paused_and_forgotten(cluster, jobs, tmp_path):
    cluster.agent("rack-a")
    file = tmp_path / "job.yaml"
    file.write_text(JOB)
    assert "job nightly of report:1, next run " in jobs("apply", str(file))
    assert "job nightly of report:1" in jobs("apply", str(file)), "the same definition makes no other revision"
    assert ["nightly", "30", "2", "*", "*", "*", "report:1", "in"] == jobs("list").splitlines()[1].split()[:8]
    assert json.loads(jobs("show", "night"))["retry"]["attempts"] == 2
    assert jobs("run", "nightly").startswith("job nightly: run ")
    runs = jobs("runs", "nightly").splitlines()
    assert len(runs) == 2 and " hand " in runs[1] and "RUNNING" in runs[1], runs
    assert json.loads(jobs("runs", "nightly", "--json"))["runs"][0]["trigger"] == "hand"
    task = runs[1].split()[4]
    assert task in cluster.berth("ps", "--json")
    assert "is paused" in jobs("pause", "nightly")
    assert "paused" in jobs("list")
    assert "goes on" in jobs("resume", "nightly")
    file.write_text(JOB.replace("overlap", "overlapp"))
    assert "did you mean 'overlap'" in jobs("apply", str(file), code=2)
    assert "deleted" in jobs("delete", "nightly")
    assert "there is no job 'nightly'" in jobs("show", "nightly", code=1)
