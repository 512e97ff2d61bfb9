#include "tests/fuzz/target.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace berth::fuzz {

std::vector<Target>& targets() {
  static std::vector<Target> all;
  return all;
}

void require(bool holds, std::string_view rule, std::string_view detail) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: broken rule: %.*s\n%.*s\n", static_cast<int>(rule.size()), rule.data(),
               static_cast<int>(std::min<size_t>(detail.size(), 4096)), detail.data());
  std::abort();
}

std::string_view takeLine(std::string_view& rest) {
  const size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

std::string_view takePart(std::string_view& rest) {
  constexpr std::string_view kSeparator = "\n----\n";
  const size_t end = std::min(rest.find(kSeparator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + kSeparator.size(), rest.size()));
  return part;
}

}  // namespace berth::fuzz
