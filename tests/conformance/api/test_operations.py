"""Every operation, and every exception that the API documents for it: the cases of the tables beside this file."""

import pytest

import cases_capacity
import cases_clusters
import cases_definitions
import cases_everywhere
import cases_instances
import cases_services
import cases_task_sets
import cases_tasks
from case import check_answer, filled
from client import Refused
from unreached import unreached

CASES = [case for table in (cases_capacity, cases_clusters, cases_definitions, cases_everywhere, cases_instances,
                            cases_services, cases_task_sets, cases_tasks) for case in table.CASES]


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
    raised |= {(operation, "AccessDeniedException") for operation in table.operations}
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
