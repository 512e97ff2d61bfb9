"""Alarms as a person sets and reads them."""

import json

import pytest


@pytest.fixture
def alarm(cluster):
    """A name of its own: alarms are those of all clusters."""
    name = f"{cluster.name}/5xx of web"
    yield name
    if name in cluster.berth("alarms", "list"):
        cluster.berth("alarms", "delete", name)


def test_an_alarm_is_set_listed_shown_and_forgotten(cluster, alarm):
    assert cluster.berth("alarms", "set", alarm, "ALARM", "--reason", "7% of 1,204") == f"alarm {alarm} is ALARM\n"
    row, = (line for line in cluster.berth("alarms", "list").splitlines() if line.startswith(alarm))
    assert row.split()[3:4] == ["ALARM"] and row.endswith("7% of 1,204")
    shown = json.loads(cluster.berth("alarms", "show", alarm))
    assert (shown["state"], shown["reason"]) == ("ALARM", "7% of 1,204")
    assert shown in json.loads(cluster.berth("alarms", "list", "--json"))["alarms"]
    assert cluster.berth("alarms", "set", alarm, "OK") == f"alarm {alarm} is OK\n"
    assert cluster.berth("alarms", "delete", alarm) == f"alarm {alarm} deleted\n"
    assert "There is no alarm" in cluster.berth("alarms", "show", alarm, code=1)


def test_a_state_that_there_is_not_is_refused_before_anyone_is_asked(cluster):
    assert "INSUFFICIENT_DATA" in cluster.berth("alarms", "set", "x", "RINGING", code=2)
