"""A controller that can't write: each operation that changes something fails, and has changed nothing."""

import pathlib
import resource
import tempfile

import pytest

from case import filled
from cases import CHANGES
from client import Api, Refused
from support.berth import Controller
from world import World

NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class Full:
    """While it is entered, no file of the controller grows or is written beyond its beginning."""

    def __init__(self, controller):
        self._pid = controller.pid

    def __enter__(self):
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def __exit__(self, *_):
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, NO_LIMIT)


@pytest.fixture(scope="module")
def limited():
    with tempfile.TemporaryDirectory(prefix="berth-full.") as name:
        controller = Controller(pathlib.Path(name) / "controller", {"throttle": {"rate": 0}})
        # A write beyond the limit is an error, as on a full disk, and not the end of the process.
        controller.command = ["/bin/sh", "-c", 'trap "" XFSZ; exec "$@"', "sh", *controller.command]
        yield controller.start()
        controller.stop()


@pytest.mark.parametrize("case", CHANGES, ids=lambda case: case.operation)
def test_a_change_that_can_not_be_stored_has_not_happened(case, limited):
    api = Api(limited)
    world = World(api, CHANGES.index(case))
    for name in case.uses:
        getattr(world, name)
    members = filled(case.input, world)
    with Full(limited), pytest.raises(Refused) as refused:
        api(case.operation, members)
    assert (refused.value.name, refused.value.message) == (
        "ServerException", "The change could not be stored: try again later.")
    api(case.operation, members)
    world.close()
