#include "cli/compose/words.hpp"

#include <catch2/catch.hpp>

using namespace berth;
using namespace berth::cli;

namespace {

const Variables kVariables{{"A", "one"}, {"EMPTY", ""}, {"_b1", "two"}};

std::string filled(std::string_view text) {
  auto out = interpolated(text, kVariables);
  return out ? *out : "error: " + out.error().message;
}

}  // namespace

TEST_CASE("variables are filled in") {
  CHECK(filled("x$A-${A}y$_b1") == "xone-oneytwo");
  CHECK(filled("$$A $${A}") == "$A ${A}");
  CHECK(filled("${NONE:-standing} ${NONE-other} ${EMPTY:-e} [${EMPTY-e}]") == "standing other e []");
  CHECK(filled("${A:+there} [${NONE+there}]") == "there []");
  CHECK(filled("${NONE:-${A}/${NONE:-deep}}") == "one/deep");
}

TEST_CASE("variables that are not there, and what is none, are errors") {
  CHECK(filled("$NONE").starts_with("error: the variable NONE is not set"));
  CHECK(filled("${NONE:?say why}") == "error: the variable NONE is not set: say why");
  CHECK(filled("${EMPTY:?}") == "error: the variable EMPTY is not set");
  CHECK(filled("${EMPTY?}").empty());
  CHECK(filled("a $ b").starts_with("error: a '$' without a name"));
  CHECK(filled("${A").starts_with("error: a '${' without its '}'"));
  CHECK(filled("${A/x}").starts_with("error: '${A/x}' is no variable"));
  CHECK(filled("${}").starts_with("error: '${}'"));
}

TEST_CASE("command lines are split as a shell does") {
  using Words = std::vector<std::string>;
  CHECK(*shellWords("a  b\tc") == Words{"a", "b", "c"});
  CHECK(*shellWords(R"(a 'b c' "d \"e" f\ g '' h"i"j)") == Words{"a", "b c", "d \"e", "f g", "", "hij"});
  CHECK(*shellWords(R"('a\b' "a\b")") == Words{"a\\b", "a\\b"});
  CHECK(shellWords("")->empty());
  CHECK_FALSE(shellWords("a 'b").has_value());
}

TEST_CASE("times are whole seconds, sizes whole mebibytes") {
  CHECK(secondsOf("1m30s") == 90);
  CHECK(secondsOf("1500ms") == std::nullopt);
  CHECK(secondsOf("soon") == std::nullopt);
  CHECK(mebibytesOf("512m") == 512);
  CHECK(mebibytesOf("1.5GB") == 1536);
  CHECK(mebibytesOf("1048577") == 2);
  CHECK(mebibytesOf("100k") == 1);
  CHECK(mebibytesOf("0") == std::nullopt);
  CHECK(mebibytesOf("m") == std::nullopt);
  CHECK(mebibytesOf("5t") == std::nullopt);
}
