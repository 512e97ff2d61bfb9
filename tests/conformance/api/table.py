"""The table of operations, as `berth-controller --describe-operations` prints it."""

import re


class Table:
    def __init__(self, printed):
        self.operations = {}  # name -> the exceptions that the API documents for it
        for section in printed.split("#### ")[1:]:
            name, _, lines = section.partition("\n")
            errors, = (line for line in lines.splitlines() if line.startswith("- errors: "))
            self.operations[name] = re.findall(r"`(\w+)`", errors)

    @property
    def exceptions(self):
        """(operation, exception) of all."""
        return [(name, error) for name, errors in self.operations.items() for error in errors]
