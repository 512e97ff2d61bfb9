"""All cases, and those that change something: one for each operation that does."""

import cases_capacity
import cases_clusters
import cases_definitions
import cases_everywhere
import cases_instances
import cases_services
import cases_task_sets
import cases_tasks

CASES = [case for table in (cases_capacity, cases_clusters, cases_definitions, cases_everywhere, cases_instances,
                            cases_services, cases_task_sets, cases_tasks) for case in table.CASES]

READS = ("Describe", "Discover", "Get", "List")
# Attachments are not there yet, and tasks that can be protected neither.
NOTHING_TO_CHANGE = ("SubmitAttachmentStateChanges", "UpdateTaskProtection")


def _changes():
    seen = set(NOTHING_TO_CHANGE)
    for case in CASES:
        if case.raises is None and case.operation not in seen and not case.operation.startswith(READS):
            seen.add(case.operation)
            yield case


CHANGES = list(_changes())
