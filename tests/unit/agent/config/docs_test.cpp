#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>

#include "agent/config/describe.hpp"

namespace {

constexpr const char* kBegin = "<!-- berth-agent --describe-config: begin -->\n";
constexpr const char* kEnd = "<!-- berth-agent --describe-config: end -->\n";

std::string page() {
  std::ifstream in(BERTH_DOCS "/configure.md", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The first line in which they differ, for people.
std::string differenceOf(const std::string& documented, const std::string& described) {
  size_t at = 0;
  while (at < documented.size() && at < described.size() && documented[at] == described[at]) ++at;
  const auto lineAt = [&](const std::string& text) {
    const size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
    return text.substr(begin, text.find('\n', at) - begin);
  };
  return "the page has:\n" + lineAt(documented) + "\nit should have:\n" + lineAt(described);
}

}  // namespace

TEST_CASE("the page about configuration has what berth-agent --describe-config prints") {
  const std::string text = page();
  const size_t begin = text.find(kBegin);
  const size_t end = text.find(kEnd);
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  REQUIRE(begin < end);
  const size_t from = begin + std::string(kBegin).size();
  const std::string documented = text.substr(from, end - from);
  const std::string described = berth::agent::describeConfig();
  if (documented != described)
    FAIL("put what berth-agent --describe-config prints between the markers of docs/configure.md; "
         << differenceOf(documented, described));
}

TEST_CASE("no line of the description breaks its table") {
  const std::string described = berth::agent::describeConfig();
  size_t columns = 0;
  for (size_t at = 0; at < described.size();) {
    const size_t end = described.find('\n', at);
    const std::string line = described.substr(at, end - at);
    at = end + 1;
    size_t bars = 0;
    for (size_t place = 0; place < line.size(); ++place)
      if (line[place] == '|' && (place == 0 || line[place - 1] != '\\')) ++bars;
    if (line.starts_with("|---")) columns = bars;
    INFO(line);
    if (line.starts_with("| `")) CHECK(bars == columns);
  }
}
