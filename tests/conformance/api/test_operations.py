"""Every operation, and every exception that the API documents for it: the cases of the tables beside this file."""

import pytest

from case import check_answer, filled
from cases import CASES, CHANGES
from client import Refused
from unreached import unreached


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name(place)) for place, case in enumerate(CASES)])
def test_a_case_of_an_operation(case, api, world):
    for name in case.uses:
        getattr(world, name)
    members = filled(case.input, world)
    if case.raises is None:
        check_answer(api(case.operation, members), case.answers, world)
        return
    with pytest.raises(Refused) as refused:
        api(case.operation, members)
    assert refused.value.name == case.raises, refused.value
    assert filled(case.says, world) in refused.value.message
    if case.raises == "ConflictException":
        assert refused.value.more["resourceIds"]


def test_a_caller_without_rights_is_denied(operation, nobody):
    with pytest.raises(Refused) as refused:
        nobody(operation)
    assert refused.value.name == "AccessDeniedException"
    assert f"is not authorized to perform: ecs:{operation} on resource: " in refused.value.message


def test_the_tables_cover_the_table_of_operations(table, capsys):
    operations = {case.operation for case in CASES}
    raised = {(case.operation, case.raises) for case in CASES if case.raises}
    # These have tests of their own: the one above, and test_full_disk.py.
    raised |= {(operation, "AccessDeniedException") for operation in table.operations}
    raised |= {(case.operation, "ServerException") for case in CHANGES}
    documented = set(table.exceptions)
    told = unreached(table)
    left = documented - raised
    with capsys.disabled():
        print(f"\noperations covered: {len(operations & set(table.operations))} of {len(table.operations)}; "
              f"documented exceptions: {len(documented & raised)} of {len(documented)}, "
              f"{len(told)} never occur here, {len(left - set(told))} open")
    assert operations == set(table.operations)
    assert not sorted(left - set(told)), "documented, without a case, and without a reason in unreached.py"
    assert not sorted(raised & set(told)), "there is a case, so unreached.py is wrong"
    assert not sorted(set(told) - documented), "unreached.py names what is not documented"
