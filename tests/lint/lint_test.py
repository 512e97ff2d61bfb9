"""Shows that each rule of lint.py catches what it is there for, and lets good code pass."""

import pathlib
import tempfile
import unittest

import lint

CMAKE = {
    "cmake/Berth.cmake": "set(BERTH_PURE agent/model agent/ports)\n",
    "common/CMakeLists.txt": "berth_library(common/result SOURCES r.cpp)\nberth_library(common/http DEPS common/result)\n",
    "common/result/result.hpp": "#pragma once\n",
    "common/http/client.hpp": '#include "common/result/result.hpp"\n',
    "agent/model/CMakeLists.txt": "berth_library(agent/model SOURCES t.cpp\n  DEPS common/http)  # one, two\n",
    "agent/model/task.hpp": "#include <string>\n#include <chrono>\n",
    "agent/engine/CMakeLists.txt": "berth_library(agent/engine SOURCES e.cpp DEPS agent/model)\n",
    "agent/main.cpp": "",
}


class LintTest(unittest.TestCase):
    def findings(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {**CMAKE, **files}.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return lint.lint(root)

    def rules(self, text, path="agent/engine/e.cpp"):
        return [(line, rule) for where, line, rule, _ in self.findings({path: text}) if where == path]

    def test_a_good_tree_has_no_findings(self):
        self.assertEqual(self.findings({}), [])

    def test_a_folder_includes_itself_and_what_it_reaches(self):
        text = '#include "agent/engine/e.hpp"\n#include "agent/model/task.hpp"\n#include "common/result/result.hpp"\n'
        self.assertEqual(self.findings({"agent/engine/e.hpp": "", "agent/engine/e.cpp": text}), [])

    def test_an_include_against_the_layers_is_found(self):
        self.assertEqual(self.rules('\n#include "agent/engine/e.cpp"\n', "agent/model/t.cpp"), [(2, "include")])
        found = self.findings({"agent/engine/e.hpp": "", "agent/model/t.cpp": '#include "agent/engine/e.hpp"\n'})
        self.assertEqual([row[:3] for row in found], [("agent/model/t.cpp", 1, "layer")])

    def test_an_include_that_is_no_path_from_the_root_is_found(self):
        self.assertEqual(self.rules('#include "e.hpp"\n'), [(1, "include")])

    def test_a_pure_folder_may_not_include_what_does_io(self):
        for header in ("boost/asio.hpp", "nlohmann/json.hpp", "curl/curl.h", "thread", "mutex", "fstream", "unistd.h"):
            with self.subTest(header):
                self.assertEqual(self.rules(f"#include <{header}>\n", "agent/model/t.cpp"), [(1, "pure")])
                self.assertEqual(self.rules(f"#include <{header}>\n"), [])

    def test_sleeping_is_found(self):
        for call in ("std::this_thread::sleep_for(1s)", "::sleep(1)", "sleep(1)", "usleep(5)"):
            with self.subTest(call):
                self.assertEqual(self.rules(f"{call};\n"), [(1, "sleep")])
        self.assertEqual(self.rules("co_await async::sleep(1s); timer.sleep(2); asleep();\n"), [])

    def test_reading_a_real_clock_is_found(self):
        for call in ("std::chrono::system_clock::now()", "steady_clock::now()", "::time(nullptr)", "std::time(nullptr)"):
            with self.subTest(call):
                self.assertEqual(self.rules(f"auto t = {call};\n"), [(1, "clock")])
        self.assertEqual(self.rules("auto t = clock.now(); system_clock::time_point p;\n"), [])

    def test_chance_that_is_not_injected_is_found(self):
        for call in ("rand()", "std::rand()", "srand(1)", "std::random_device d"):
            with self.subTest(call):
                self.assertEqual(self.rules(f"{call};\n"), [(1, "random")])
        self.assertEqual(self.rules("operand(1); random.rand(2);\n"), [])

    def test_a_lock_in_a_file_that_suspends_is_found(self):
        self.assertEqual(self.rules("std::lock_guard g(m);\nco_await x();\n"), [(1, "lock")])
        self.assertEqual(self.rules("std::scoped_lock g(m);\n// co_await\n"), [])

    def test_comments_and_literals_are_not_code(self):
        text = '// rand()\n/* sleep(1)\n rand() */ auto s = "rand() \\" rand()"; auto r = R"(rand())"; int i = 1\'000;\nrand();\n'
        self.assertEqual(self.rules(text), [(4, "random")])

    def test_a_long_file_is_found(self):
        self.assertEqual(self.rules("\n" * 500), [])
        self.assertEqual(self.rules("\n" * 501), [(501, "length")])

    def test_unfinished_work_is_found_in_any_text(self):
        for word in ("TODO", "FIXME", "XXX"):
            self.assertEqual(self.rules(f"# {word}: later\n", "docs/install.md"), [(1, "unfinished")])
        self.assertEqual(self.rules("mktemp -d /tmp/x.XXXXXX\n", "dev"), [])

    def test_a_name_that_keeps_a_test_from_running_is_found(self):
        self.assertEqual(self.rules('TEST_CASE("a, b") {}\n'), [])
        self.assertEqual(self.rules('TEST_CASE("a; b") {}\n'), [(1, "test")])

    def test_a_path_of_one_machine_is_found(self):
        self.assertEqual(self.rules("see /home/jo/x\n", "docs/install.md"), [(1, "path")])
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "dev").write_text(f"cd {folder}/build\n")
            self.assertEqual([row[:3] for row in lint.lint(pathlib.Path(folder))], [("dev", 1, "path")])

    def test_the_allow_list_lets_pass_what_it_names_and_nothing_else(self):
        rows = [("a.cpp", 3, "clock", "x"), ("b.cpp", 4, "clock", "y"), ("a.cpp", 5, "random", "z")]
        left = lint.allowed(rows, "ceiling 1\na.cpp clock  # reads the machine's clock\n")
        self.assertEqual(left, rows[1:])

    def test_the_allow_list_only_shrinks(self):
        rows = [("a.cpp", 3, "clock", "x")]
        unused = lint.allowed(rows, "ceiling 2\na.cpp clock\ngone.cpp clock\n")
        self.assertEqual([row[:3] for row in unused], [("tests/lint/allow.txt", 3, "allow")])
        grown = lint.allowed(rows, "ceiling 0\na.cpp clock\n")
        self.assertEqual([row[:3] for row in grown], [("tests/lint/allow.txt", 1, "allow")])


if __name__ == "__main__":
    unittest.main()
