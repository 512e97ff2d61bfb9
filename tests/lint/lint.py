"""Checks the rules that no compiler checks: who includes whom, and what code may call.

lint.py ROOT prints one line a finding, `path:line: rule: text`, and exits 1 if there is any.
allow.txt beside it names the places where a rule may be broken; it only shrinks.
"""

import pathlib
import re
import sys

CODE = {".cpp", ".hpp"}
TEXT = CODE | {".py", ".sh", ".md", ".txt", ".cmake", ".json", ".yaml", ".yml", ".service", ""}
SKIPPED_FOLDERS = {".git", "build", "__pycache__", ".pytest_cache"}
MAX_LINES = 500

# Headers with input, output, threads, clocks or a parser behind them: not for folders that only decide.
IMPURE_HEADER = re.compile(
    r"(boost|nlohmann|curl|openssl|spdlog|yaml-cpp|cpprest|CLI|sys|netinet|arpa|systemd)/"
    r"|(sqlite3|unistd|fcntl|poll|signal|zlib|time)\.h$"
    r"|(thread|mutex|shared_mutex|condition_variable|future|atomic|coroutine)$"
    r"|(fstream|iostream|filesystem|random|ctime)$")

# Time and chance are injected, and nothing waits by sleeping.
BANNED_CALLS = [
    ("sleep", re.compile(r"\bstd::this_thread::sleep_(for|until)\b|(?<![\w.>:])(::)?(sleep|usleep|nanosleep)\s*\(")),
    ("clock", re.compile(r"\b(system_clock|steady_clock|high_resolution_clock)::now\b"
                         r"|(?<![\w.>])(::|std::)(time|clock_gettime|gettimeofday)\s*\(")),
    ("random", re.compile(r"(?<![\w.>])(::|std::)?s?rand\s*\(|\brandom_device\b|(?<![\w.>])(::|std::)random\s*\(")),
]
LOCK = re.compile(r"\b(lock_guard|scoped_lock|unique_lock|shared_lock)\b")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")
# CTest takes a ';' in a name for the end of it, and then runs nothing.
TEST_NAME = re.compile(r'TEST_CASE\("[^"]*;')
HOME = re.compile(r"/home/\w+/")


class Findings:
    def __init__(self):
        self.rows = []

    def add(self, path, line, rule, text):
        self.rows.append((str(path), line, rule, text))


def files(root):
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and not SKIPPED_FOLDERS & set(inside.parts) and path.suffix in TEXT:
            yield inside


def without_comments(text):
    """The code alone: comments and the insides of literals become blanks, lines stay where they are."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"'
        r'|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
        re.DOTALL)
    return token.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


class Layers:
    """The folders that CMake declares and what each may include: its own files and those it depends on."""

    CALL = re.compile(r"\b(berth_library|berth_program|berth_test)\s*\(([^()]*)\)", re.DOTALL)
    KEYWORDS = {"SOURCES", "DEPS", "THIRD_PARTY", "LABEL", "IO"}

    def __init__(self, root):
        self.deps = {}
        for path in files(root):
            if path.name == "CMakeLists.txt":
                self._read(path.parent, (root / path).read_text())
        helper = root / "cmake/Berth.cmake"
        text = helper.read_text() if helper.exists() else ""
        pure = re.search(r"set\(BERTH_PURE ([^)]*)\)", text)
        self.pure = set(pure.group(1).split()) if pure else set()

    def _read(self, folder, text):
        for kind, arguments in self.CALL.findall(re.sub(r"#[^\n]*", "", text)):
            words = arguments.split()
            owner = words[0] if kind == "berth_library" else str(folder)
            deps = self.deps.setdefault(owner, set())
            keyword = None
            for word in words[1:]:
                if word in self.KEYWORDS:
                    keyword = word
                elif keyword == "DEPS":
                    deps.add(word)

    def owner(self, path):
        """The nearest declared folder that holds path."""
        return next((str(one) for one in pathlib.PurePath(path).parents if str(one) in self.deps), None)

    def reachable(self, folder):
        seen, todo = {folder}, [folder]
        while todo:
            new = self.deps.get(todo.pop(), set()) - seen
            seen |= new
            todo += new
        return seen


def check_includes(root, path, text, layers, findings):
    owner = layers.owner(path)
    if owner is None:
        return
    reachable = layers.reachable(owner)
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not found:
            continue
        quoted, name = found.group(1) == '"', found.group(2)
        if not quoted:
            if owner in layers.pure and IMPURE_HEADER.match(name):
                findings.add(path, number, "pure", f"{owner} only decides: it may not include <{name}>")
        elif not (root / re.sub(r'\.pb\.h$', '.proto', name)).exists():
            findings.add(path, number, "include", f'"{name}" is no path from the root of the repository')
        elif (target := layers.owner(name)) not in reachable:
            what = f"{owner} includes {name}, but does not depend on {target or 'its folder'}"
            findings.add(path, number, "layer", what)


def check_calls(path, text, findings):
    code = without_comments(text)
    suspends = "co_await" in code
    for number, line in enumerate(code.splitlines(), 1):
        for rule, pattern in BANNED_CALLS:
            if found := pattern.search(line):
                findings.add(path, number, rule, f"{found.group().strip(' (')} is not injected")
        if suspends and (found := LOCK.search(line)):
            findings.add(path, number, "lock", f"{found.group()} in a file with co_await: a lock may be held across it")


def check_text(root, path, text, findings):
    lines = text.splitlines()
    if path.suffix in CODE | {".py", ".sh"} and len(lines) > MAX_LINES:
        what = f"{len(lines)} lines, at most {MAX_LINES}: split it along its concepts"
        findings.add(path, len(lines), "length", what)
    for number, line in enumerate(lines, 1):
        if found := UNFINISHED.search(line):
            findings.add(path, number, "unfinished", f"{found.group()}: finish it, or say in docs/ what is missing")
        if TEST_NAME.search(line):
            findings.add(path, number, "test", "a ';' in a test's name keeps the test from being run")
        if HOME.search(line) or f"{root}/" in line:
            findings.add(path, number, "path", "names a folder of one machine: make it relative to the tree")


def lint(root):
    """All findings below root, as (path, line, rule, text)."""
    findings, layers = Findings(), Layers(root)
    for path in files(root):
        try:
            text = (root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path.parts[:2] != ("tests", "lint"):
            check_text(root, path, text, findings)
        if path.suffix in CODE:
            check_includes(root, path, text, layers, findings)
            check_calls(path, text, findings)
    return findings.rows


def allowed(findings, allow_text):
    """What is left after the allow-list, and what the list itself does wrong."""
    entries, ceiling = [], None
    for number, line in enumerate(allow_text.splitlines(), 1):
        words = line.split("#")[0].split()
        if words[:1] == ["ceiling"]:
            ceiling = int(words[1])
        elif words:
            entries.append((number, words[0], words[1]))
    used = {(path, rule) for path, _, rule, _ in findings}
    left = [row for row in findings if (row[0], row[2]) not in {entry[1:] for entry in entries}]
    for number, path, rule in entries:
        if (path, rule) not in used:
            left.append(("tests/lint/allow.txt", number, "allow", f"{path} keeps the rule {rule} now: remove the line"))
    if ceiling != len(entries):
        left.append(("tests/lint/allow.txt", 1, "allow", f"{len(entries)} entries, ceiling {ceiling}: make them equal"))
    return left


def main(root):
    allow = root / "tests/lint/allow.txt"
    left = allowed(lint(root), allow.read_text())
    for path, line, rule, text in left:
        print(f"{path}:{line}: {rule}: {text}")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
