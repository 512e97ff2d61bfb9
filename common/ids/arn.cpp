#include "common/ids/arn.hpp"

#include <array>

namespace berth {
namespace {

constexpr size_t kShownInErrors = 200;

Error notAnArn(std::string_view text, std::string_view rule) {
  const std::string shown(text.substr(0, kShownInErrors));
  return makeError(Code::InvalidArgument, "\"" + shown + (text.size() > kShownInErrors ? "...\"" : "\"") +
                                              " is not an ARN: " + std::string(rule) +
                                              "; the form is arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE");
}

}  // namespace

std::string Arn::str() const {
  return "arn:" + partition + ":" + service + ":" + region + ":" + account + ":" + resource;
}

std::string_view Arn::resourceType() const {
  return std::string_view(resource).substr(0, resource.find_first_of("/:"));
}

std::string_view Arn::lastComponent() const {
  const size_t slash = resource.rfind('/');
  return slash == std::string::npos ? std::string_view(resource)
                                    : std::string_view(resource).substr(slash + 1);
}

Result<Arn> parseArn(std::string_view text) {
  std::array<std::string_view, 5> parts;
  std::string_view rest = text;
  for (std::string_view& part : parts) {
    const size_t colon = rest.find(':');
    if (colon == std::string_view::npos) return notAnArn(text, "it has fewer than six parts");
    part = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  if (parts[0] != "arn") return notAnArn(text, "it does not begin with \"arn:\"");
  if (parts[2].empty()) return notAnArn(text, "its service is empty");
  if (rest.empty()) return notAnArn(text, "its resource is empty");
  Arn arn;
  arn.partition = parts[1];
  arn.service = parts[2];
  arn.region = parts[3];
  arn.account = parts[4];
  arn.resource = rest;
  return arn;
}

}  // namespace berth
