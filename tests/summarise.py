"""Adds up the JUnit files of a test run: summarise.py FOLDER SUITE... prints `N passed, N failed, N skipped`.

A suite that left no readable file did not run to its end and counts as one failure. Exit 1 if any failed.
"""

import pathlib
import sys
import xml.etree.ElementTree


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return "failed"
    skipped = case.find("skipped")
    if skipped is None and case.get("status") != "notrun":
        return "passed"
    # CTest also says "notrun" of a program that it could not start; only a test that asked for it is skipped.
    if case.get("status") == "notrun" and not (skipped is not None and "SKIP_" in skipped.get("message", "")):
        return "failed"
    return "skipped"


def reason(case):
    """The first line that a failed case says of itself, also where a long output is cut."""
    told = next((one for one in (case.find("failure"), case.find("error")) if one is not None), None)
    first = (told.get("message") or "").strip().partition("\n")[0] if told is not None else ""
    return f": {first[:300]}" if first else ""


def count(file):
    totals = {"passed": 0, "failed": 0, "skipped": 0}
    try:
        cases = list(xml.etree.ElementTree.parse(file).iter("testcase"))
    except (OSError, xml.etree.ElementTree.ParseError) as error:
        print(f"{file}: no result of this suite: {error}")
        totals["failed"] += 1
        return totals
    for case in cases:
        result = outcome(case)
        totals[result] += 1
        if result == "failed":
            print(f"FAILED {case.get('name')} ({file.stem}){reason(case)}")
    return totals


def main(folder, *suites):
    counts = [count(pathlib.Path(folder, f"{suite}.xml")) for suite in suites]
    passed, failed, skipped = (sum(one[key] for one in counts) for key in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
