"""Fixtures of the integration tests: real programs on a host of their own (see support/host.py).

Run them with `./dev test`, or `/usr/bin/python3 -m pytest tests/integration` as root once the programs are built.
Most of a test's time is waiting, so `./dev test` has several runs at once that share the test files, each on a host of its
own: `--share FOLDER`.
"""

import collections
import itertools
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import host, runtimes  # noqa: E402
from support.berth import Berth  # noqa: E402
from support.containerd import Containerd  # noqa: E402
from support.docker import Engine, Registry  # noqa: E402
from support.waiting import TimedOut, wait_until  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--share", metavar="FOLDER", type=pathlib.Path,
                     help="runs with the same FOLDER, empty at first, share the test files among them")


def pytest_collection_modifyitems(config, items):
    """Files with many tests come first, so that runs that share them end at about the same time."""
    config.hook.pytest_deselected(items=runtimes.drop_differences(items, not any("::" in one for one in config.args)))
    tests = collections.Counter(item.path.name for item in items)
    if config.option.share:
        items.sort(key=lambda item: (-tests[item.path.name], item.path.name))


def taken(items, folder):
    """The items of each file that no other run has taken; it is taken as its first item is asked for."""
    for file, group in itertools.groupby(items, lambda item: item.path.name):
        try:
            (folder / file).touch(exist_ok=False)
        except FileExistsError:
            continue
        yield from group


def pytest_runtestloop(session):
    """pytest's own loop, over the items that are this run's."""
    if not session.config.option.share or session.config.option.collectonly or session.testsfailed:
        return None
    items = taken(session.items, session.config.option.share)
    item = next(items, None)
    while item is not None:
        following = next(items, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following
    return True


def pytest_configure(config):
    share = config.option.share
    if share and not share.is_dir():
        raise pytest.UsageError(f"--share {share}: there is no such folder; make an empty one for the runs to share")
    if not config.option.collectonly:
        host.enter()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failing test shows the end of the logs of the programs that it used."""
    report = (yield).get_result()
    berth = getattr(item, "funcargs", {}).get("berth")
    if report.failed and berth is not None:
        report.sections.append(("logs", berth.logs()))


@pytest.fixture(scope="session", autouse=True)
def nothing_left():
    """Whatever the tests start is gone at the end: processes and mounts."""
    before = set(host.mounts_below("/"))
    yield
    try:
        wait_until(lambda: not host.processes(), "no process left", 10)
    except TimedOut:
        pytest.fail(f"processes left: {host.processes()}")
    assert set(host.mounts_below("/")) <= before, "mounts left"


@pytest.fixture(scope="session")
def run_folder(nothing_left):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="berth-test."))
    yield folder
    assert not host.mounts_below(folder), "an engine left mounts below its folder"
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def docker_engines(run_folder):
    """docker_engines(n): the nth Docker Engine, started when it is first asked for."""
    started = {}

    def engine(number):
        if number not in started:
            started[number] = Engine(run_folder, number)
            started[number].start()
        return started[number]

    yield engine
    for one in started.values():
        one.close()


@pytest.fixture(scope="session")
def engine(docker_engines):
    return docker_engines(0)


@pytest.fixture(scope="session")
def registry(run_folder, engine):
    one = Registry(run_folder).start()
    one.push_samples(engine)
    yield one
    one.program.stop()


@pytest.fixture(scope="session")
def containerd(run_folder):
    one = Containerd(run_folder).start()
    yield one
    one.close()


@pytest.fixture(scope="module")
def runtime(request):
    """The kind of the engines; files that are marked with support/runtimes.py's `both` run over each."""
    return getattr(request, "param", "docker")


@pytest.fixture(scope="module")
def engines(runtime, request):
    """engines(n): the nth engine of the runtime. Of containerd there is one: its networks are the host's."""
    if runtime == "docker":
        return request.getfixturevalue("docker_engines")
    containerd = request.getfixturevalue("containerd")

    def one(number):
        assert number == 0, "tests over both runtimes have one agent"
        return containerd

    return one


@pytest.fixture
def berth(run_folder, engines, registry, request):
    """A Berth to start: `berth.start(agents=2)`. Its folder is kept until the end of the run."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{request.node.name[:40]}.", dir=run_folder))
    one = Berth(folder, engines, registry)
    yield one
    one.close()
