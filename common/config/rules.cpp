#include "common/config/rules.hpp"

#include <algorithm>

namespace berth::config {
namespace {

bool isRegion(std::string_view text) {
  return text.size() <= 64 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

}  // namespace

Setting region(std::string doc) {
  return string("region", std::move(doc))
      .matching(isRegion, "must be up to 64 lower-case letters, digits and '-', like us-east-1")
      .byDefault("us-east-1");
}

Status noProblems(const std::vector<std::string>& problems) {
  if (problems.empty()) return {};
  std::string message;
  for (const std::string& problem : problems) message += (message.empty() ? "" : "\n") + problem;
  return makeError(Code::InvalidArgument, std::move(message));
}

}  // namespace berth::config
