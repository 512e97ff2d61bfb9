#include "proto/acs/extensions.hpp"

#include <algorithm>

#include "common/text/letter_case.hpp"
#include "common/text/trim.hpp"

namespace berth::acs {
namespace {

struct Named {
  Extension extension;
  std::string_view name;
};

constexpr Named kExtensions[] = {
    {Extension::Reports, "reports"}, {Extension::Exec, "exec"}, {Extension::Logs, "logs"}};

}  // namespace

Extensions Extensions::parse(std::string_view header) {
  Extensions out;
  while (!header.empty()) {
    const size_t end = std::min(header.find(','), header.size());
    const std::string_view token = trimmed(header.substr(0, end));
    for (const Named& known : kExtensions) {
      if (equalsIgnoreCase(token, known.name)) out.bits_ |= bitOf(known.extension);
    }
    header.remove_prefix(std::min(end + 1, header.size()));
  }
  return out;
}

std::string Extensions::render() const {
  std::string out;
  for (const Named& known : kExtensions) {
    if (!has(known.extension)) continue;
    if (!out.empty()) out += ", ";
    out += known.name;
  }
  return out;
}

}  // namespace berth::acs
