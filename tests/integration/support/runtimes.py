"""Which tests run over both runtimes, and what differs between them by design."""

import pytest

# Of a file whose agents work with a Docker Engine first, and then with containerd: pytestmark = both
both = pytest.mark.parametrize("runtime", ["docker", "containerd"], indirect=True, scope="module")

# Tests of such files that are Docker's alone, by file and name, each with the reason.
DOCKERS_ALONE = {
    "test_exec.py::test_logs_that_a_driver_does_not_keep_are_refused_by_its_name":
        "on containerd lines are kept in files whatever driver they are sent by, and can be read",
    "test_fields_more.py::test_the_log_driver_fluentd_sends_records_with_tag_and_labels":
        "labels beside the records are refused by name on containerd; test_log_drivers.py has the rest",
    "test_fields_more.py::test_a_log_that_blocks_nobody_lets_its_container_go_on_when_it_is_not_read":
        "on containerd lines are kept in files before they are sent: no sink ever blocks a container",
    "test_host_ports.py::test_the_wait_between_lives_too_short_to_be_seen_grows":
        "the fault is one of Docker's HTTP API",
    "test_refusals.py::test_awslogs_without_credentials_does_not_start_and_says_why":
        "Docker's own driver looks for the credentials",
    "test_refusals.py::test_the_network_mode_awsvpc_is_refused_by_controller_and_agent":
        "on containerd tasks have addresses of their own",
    "test_stats.py::test_statistics_have_the_members_of_dockers_and_their_values":
        "it compares with what Docker itself tells",
}


def name_of(item):
    return f"{item.path.name}::{item.originalname}"


def drop_differences(items, whole_files):
    """Takes the runs over containerd of what is Docker's alone out of the items, and returns them.

    `whole_files`: all tests of the items' files are there, so that a name above that is none is a mistake.
    """
    files, names = {item.path.name for item in items}, {name_of(item) for item in items}
    unknown = [one for one in DOCKERS_ALONE if one.partition("::")[0] in files and one not in names]
    if whole_files and unknown:
        raise pytest.UsageError(f"support/runtimes.py names tests that are not there: {unknown}")
    dropped = [item for item in items if name_of(item) in DOCKERS_ALONE and "containerd" in item.name]
    items[:] = [item for item in items if item not in dropped]
    return dropped
