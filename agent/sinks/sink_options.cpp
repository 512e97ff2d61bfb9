#include "agent/sinks/sink_options.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/text/replace.hpp"

namespace berth::agent::sinks {
namespace {

constexpr size_t kShortId = 12;
constexpr std::array<std::string_view, 4> kOfWaiting = {"mode", "max-buffer-size", "fluentd-async",
                                                        "fluentd-async-connect"};

}  // namespace

Error wrongOption(const std::string& name, const std::string& value, const std::string& rule) {
  return makeError(Code::InvalidArgument, "log option " + name + " is \"" + value + "\": it must be " + rule);
}

Error unknownOption(const std::string& driver, const std::string& name) {
  return makeError(Code::Unimplemented,
                   "log option " + name + " of " + driver + " is not supported by the containerd runtime");
}

bool isOfWaiting(std::string_view name) { return std::ranges::find(kOfWaiting, name) != kOfWaiting.end(); }

Result<std::string> tagOf(std::string text, const std::string& containerId,
                          const std::string& containerName) {
  const std::array<std::pair<std::string, std::string>, 3> known = {
      {{"{{.ID}}", containerId.substr(0, kShortId)},
       {"{{.FullID}}", containerId},
       {"{{.Name}}", containerName}}};
  for (const auto& [name, value] : known) replaceAll(text, name, value);
  if (text.find("{{") != std::string::npos)
    return wrongOption("tag", text, "a text with {{.ID}}, {{.FullID}} and {{.Name}} alone");
  return text;
}

}  // namespace berth::agent::sinks
