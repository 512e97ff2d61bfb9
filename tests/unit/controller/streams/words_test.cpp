#include "controller/streams/words.hpp"

#include <catch2/catch.hpp>

using berth::controller::splitWords;
using Words = std::vector<std::string>;

TEST_CASE("a command's text is split as a shell splits it") {
  CHECK(*splitWords("sh") == Words{"sh"});
  CHECK(*splitWords("  ls \t-l\n/tmp ") == Words{"ls", "-l", "/tmp"});
  CHECK(*splitWords("sh -c 'echo \"$A\" | wc'") == Words{"sh", "-c", "echo \"$A\" | wc"});
  CHECK(*splitWords(R"(a "b \"c\" \d \\" e\ f)") == Words{"a", R"(b "c" \d \)", "e f"});
  CHECK(*splitWords("a''b \"\" ''") == Words{"ab", "", ""});
  CHECK(*splitWords("a\\\nb") == Words{"ab"});
  CHECK(splitWords("  ")->empty());
  CHECK(*splitWords("echo $HOME `id` *") == Words{"echo", "$HOME", "`id`", "*"});
}

TEST_CASE("a command that is not whole is said to be so") {
  CHECK(splitWords("sh -c 'oh").error().message == "command has a ' that is not closed");
  CHECK(splitWords("sh -c \"oh\\\"").error().message == "command has a \" that is not closed");
  CHECK(splitWords("sh \\").error().message == "command ends in a \\ that stands before nothing");
}
