#include "cli/find/find.hpp"

#include <algorithm>

#include "common/config/suggest.hpp"

namespace berth::cli {
namespace {

constexpr size_t kNamed = 8;

Error ambiguous(std::string_view kind, std::string_view text, const std::vector<const Candidate*>& found) {
  std::string message = "'" + std::string(text) + "' is the beginning of " + std::to_string(found.size()) +
                        " " + std::string(kind) + "s: ";
  for (size_t i = 0; i < std::min(found.size(), kNamed); ++i) {
    message += (i == 0 ? "" : ", ") + found[i]->id;
    if (!found[i]->name.empty()) message += " (" + found[i]->name + ")";
  }
  if (found.size() > kNamed) message += ", ...";
  return makeError(Code::InvalidArgument, message + "; type more of it");
}

Error unknown(std::string_view kind, std::string_view text, std::span<const Candidate> candidates) {
  std::vector<std::string> names;
  for (const Candidate& one : candidates) names.push_back(one.name.empty() ? one.id : one.name);
  std::string message = "there is no " + std::string(kind) + " '" + std::string(text) + "' here";
  if (const auto near = config::nearest(text, names)) {
    message += ": did you mean '" + *near + "'?";
  } else if (names.empty()) {
    message += ", nor any other";
  }
  return makeError(Code::NotFound, std::move(message));
}

}  // namespace

Result<Candidate> pick(std::string_view kind, std::string_view text, std::span<const Candidate> candidates) {
  std::vector<const Candidate*> found;
  for (const Candidate& one : candidates) {
    if (one.arn == text || one.id == text) return one;
    if (!one.name.empty() && one.name == text) found.push_back(&one);
  }
  if (found.size() == 1) return *found.front();
  if (found.empty() && !text.empty()) {
    for (const Candidate& one : candidates) {
      if (one.id.starts_with(text) || one.name.starts_with(text)) found.push_back(&one);
    }
  }
  if (found.size() == 1) return *found.front();
  if (found.empty()) return unknown(kind, text, candidates);
  return ambiguous(kind, text, found);
}

Candidate candidateOf(std::string_view arn, std::string_view name) {
  return {std::string(arn), idOf(arn), std::string(name)};
}

std::string idOf(std::string_view arn) { return std::string(arn.substr(arn.rfind('/') + 1)); }

size_t tellingLength(std::span<const std::string> ids, size_t least) {
  std::vector<std::string> sorted(ids.begin(), ids.end());
  std::ranges::sort(sorted);
  for (size_t i = 1; i < sorted.size(); ++i) {
    const auto [end, _] = std::ranges::mismatch(sorted[i - 1], sorted[i]);
    least = std::max(least, static_cast<size_t>(end - sorted[i - 1].begin()) + 1);
  }
  return least;
}

bool looksLikeId(std::string_view text) {
  return !text.empty() && text.size() <= 36 &&
         text.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

}  // namespace berth::cli
