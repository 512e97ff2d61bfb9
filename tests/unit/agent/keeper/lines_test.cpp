#include "agent/keeper/lines.hpp"

#include <catch2/catch.hpp>

#include "agent/keeper/folder.hpp"

namespace berth::agent::keeper {
namespace {

std::string lineOf(std::string_view text, bool partial = false) {
  std::string out;
  appendLine(out, Piece{text, partial, text.size()}, false, "T");
  return out;
}

TEST_CASE("Output is cut at line ends, and at 16 KiB") {
  CHECK_FALSE(firstPiece("", true));
  CHECK_FALSE(firstPiece("no end", false));
  CHECK(firstPiece("no end", true)->text == "no end");
  CHECK_FALSE(firstPiece("no end", true)->partial);
  CHECK(firstPiece("one\ntwo\n", false)->text == "one");
  CHECK(firstPiece("one\ntwo\n", false)->taken == 4);
  CHECK(firstPiece("\n", false)->text.empty());
  const std::string longest(kLongestPiece, 'x');
  CHECK(firstPiece(longest, false)->partial);
  CHECK(firstPiece(longest, false)->taken == kLongestPiece);
  CHECK_FALSE(firstPiece(longest.substr(1), false));
  // The end of a line of exactly that length is a line of its own, as with Docker.
  CHECK(firstPiece(longest + "\n", false)->partial);
  CHECK_FALSE(firstPiece(longest.substr(1) + "\n", false)->partial);
}

TEST_CASE("A line is an object of JSON whatever its bytes are") {
  CHECK(lineOf("plain") == R"({"log":"plain\n","stream":"stdout","time":"T"})"
                           "\n");
  CHECK(lineOf("part", true) == R"({"log":"part","stream":"stdout","time":"T"})"
                                "\n");
  struct Row {
    std::string bytes;
    std::string text;
  };
  const Row row = GENERATE(
      Row{"\"\\", R"(\"\\)"}, Row{"a\tb\rc", R"(a\tb\rc)"},
      Row{std::string(1, '\0') + "\x1b", R"(\u0000\u001b)"}, Row{"<&>", R"(\u003c\u0026\u003e)"},
      Row{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"}, Row{"\xf0\x9f\x9a\xa2", "\xf0\x9f\x9a\xa2"},
      Row{"\xff", R"(\ufffd)"}, Row{"\xc3", R"(\ufffd)"}, Row{"\xed\xa0\x80", R"(\ufffd\ufffd\ufffd)"},
      Row{"\xc0\x80", R"(\ufffd\ufffd)"}, Row{"\xf5\x80", R"(\ufffd\ufffd)"});
  CHECK(lineOf(row.bytes, true) == R"({"log":")" + row.text +
                                       R"(","stream":"stdout","time":"T"})"
                                       "\n");
  std::string longest;
  appendLine(longest, Piece{std::string(kLongestPiece, '\0'), false, kLongestPiece}, true,
             std::string(35, '9'));
  CHECK(longest.size() <= kLongestLine);
}

TEST_CASE("What is wanted is read as it was written, and nothing else is") {
  const auto read = decodeWanted(encodeWanted({"run-1", 1 << 20, 3, true}));
  REQUIRE(read);
  CHECK((read->run == "run-1" && read->maxBytes == 1 << 20 && read->maxFiles == 3 && read->ended));
  for (const char* bad : {"", "run a\n", "run a\nmax-bytes 0\nmax-files 1\nended 0\n",
                          "run a\nmax-bytes 5\nmax-files x\nended 0\n"})
    CHECK_FALSE(decodeWanted(bad));
  const Drops drops = decodeDrops(encodeDrops({7, 900}));
  CHECK((drops.lines == 7 && drops.bytes == 900));
  CHECK(encodeDrops({}).size() == encodeDrops({~0ULL, ~0ULL}).size());
}

}  // namespace
}  // namespace berth::agent::keeper
