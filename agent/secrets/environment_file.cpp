#include "agent/secrets/environment_file.hpp"

#include <algorithm>
#include <cstddef>

#include "agent/secrets/value_from.hpp"

namespace berth::agent {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

Result<Environment> parseEnvironmentFile(std::string_view text) {
  Environment out;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!isPlainText(line)) {
      return makeError(Code::InvalidArgument, "line " + std::to_string(number) +
                                                  " is not UTF-8 text: write NAME=value lines in UTF-8");
    }
    const size_t equals = line.find('=');
    if (line.starts_with('#') || equals == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (!name.empty() && !value.empty()) out.insert_or_assign(std::string(name), std::string(value));
  }
  return out;
}

Environment mergeEnvironment(Environment own, const std::vector<Environment>& files) {
  for (const Environment& file : files) own.insert(file.begin(), file.end());
  return own;
}

}  // namespace berth::agent
