#include "agent/signatures/image_policy.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/files/own_fd.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent::signatures {
namespace {

using berth::json::Fields;
using nlohmann::json;
using Require = PolicyRule::Require;

constexpr int64_t kLongestProgram = 300;
constexpr size_t kLargestFile = size_t{1} << 20;

struct Word {
  std::string_view word;
  Require require;
};
constexpr std::array<Word, 5> kWords = {{{"nothing", Require::Nothing},
                                         {"cosign", Require::Cosign},
                                         {"notation", Require::Notation},
                                         {"program", Require::Program},
                                         {"refuse", Require::Never}}};

Error wrong(const std::string& where, const std::string& rule) {
  return makeError(Code::InvalidArgument, where + ": " + rule);
}

Status onlyMembers(const json& object, const std::string& where,
                   std::initializer_list<std::string_view> known) {
  for (const auto& [member, value] : object.items()) {
    if (std::ranges::find(known, std::string_view(member)) == known.end())
      return wrong(where, "\"" + member + "\" is not a member of it");
  }
  return {};
}

/// What each of these files holds.
template <class Kind>
Status readAll(std::vector<Kind>& out, const std::vector<std::string>& paths, const std::string& where,
               const ImagePolicy::ReadFile& read) {
  if (paths.empty()) return wrong(where, "it must have at least one file");
  for (const std::string& path : paths) {
    const auto text = read(path);
    if (!text) return text.error();
    auto one = Kind::parse(*text);
    if (!one) return wrong(where, path + ": " + one.error().message);
    out.push_back(std::move(*one));
  }
  return {};
}

Result<PolicyRule> parseRule(const json& object, const std::string& where,
                             const ImagePolicy::ReadFile& read) {
  Fields fields(object, where);
  PolicyRule out;
  out.prefix = fields.requiredStr("prefix");
  const std::string word = fields.requiredStr("require");
  const auto paths = fields.strings("keys");
  const auto certificates = fields.strings("certificates");
  out.program = fields.str("program");
  const int64_t seconds = fields.integer("timeout_seconds", 10);
  if (Status status = fields.status(); !status) return status.error();
  while (out.prefix.ends_with('/')) out.prefix.pop_back();
  const auto known = std::ranges::find(kWords, std::string_view(word), &Word::word);
  if (known == kWords.end())
    return wrong(where,
                 "require is \"" + word + "\": it must be nothing, cosign, notation, program or refuse");
  out.require = known->require;
  Status rest;
  if (out.require == Require::Cosign) {
    rest = onlyMembers(object, where, {"prefix", "require", "keys"});
    if (rest) rest = readAll(out.keys, paths, where + ".keys", read);
  } else if (out.require == Require::Notation) {
    rest = onlyMembers(object, where, {"prefix", "require", "certificates"});
    if (rest) rest = readAll(out.certificates, certificates, where + ".certificates", read);
  } else if (out.require == Require::Program) {
    rest = onlyMembers(object, where, {"prefix", "require", "program", "timeout_seconds"});
    if (rest && !out.program.starts_with('/')) rest = wrong(where, "program must be an absolute path");
    if (rest && (seconds < 1 || seconds > kLongestProgram))
      rest = wrong(where, "timeout_seconds must be from 1 to 300");
    out.limit = std::chrono::seconds(seconds);
  } else {
    rest = onlyMembers(object, where, {"prefix", "require"});
  }
  if (!rest) return rest.error();
  return out;
}

Result<std::string> fileText(const std::string& path) {
  const OwnFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  std::string out(kLargestFile, '\0');
  const ssize_t count = file ? ::read(file.get(), out.data(), out.size()) : -1;
  if (count < 0) {
    const Code code = errno == EACCES ? Code::PermissionDenied : Code::NotFound;
    return makeError(code, "can't read " + path + ": " + std::strerror(errno));
  }
  out.resize(static_cast<size_t>(count));
  return out;
}

bool isWithin(std::string_view repository, std::string_view prefix) {
  return prefix.empty() || repository == prefix ||
         (repository.starts_with(prefix) && repository[prefix.size()] == '/');
}

}  // namespace

Result<ImagePolicy> ImagePolicy::parse(const std::string& text, const std::string& name,
                                       const ReadFile& read) {
  const auto object = berth::json::parseObject(text, name);
  if (!object) return object.error();
  if (Status known = onlyMembers(*object, name, {"rules", "otherwise"}); !known) return known.error();
  Fields fields(*object, name);
  ImagePolicy out;
  out.name_ = name;
  for (const json* each : fields.list("rules")) {
    auto rule =
        parseRule(*each, fields.pathOf("rules") + "[" + std::to_string(out.rules_.size()) + "]", read);
    if (!rule) return rule.error();
    for (const PolicyRule& other : out.rules_) {
      if (other.prefix == rule->prefix)
        return wrong(name, "two rules have the prefix \"" + other.prefix + "\"");
    }
    out.rules_.push_back(std::move(*rule));
  }
  PolicyRule others;
  const std::string otherwise = fields.requiredStr("otherwise");
  if (Status status = fields.status(); !status) return status.error();
  if (otherwise != "refuse" && otherwise != "accept")
    return wrong(name, "otherwise is \"" + otherwise + "\": it must be refuse or accept");
  if (otherwise == "accept") others.require = Require::Nothing;
  std::ranges::sort(out.rules_, std::ranges::greater(),
                    [](const PolicyRule& one) { return one.prefix.size(); });
  out.rules_.push_back(std::move(others));
  return out;
}

Result<ImagePolicy> ImagePolicy::read(const std::string& path) {
  const auto text = fileText(path);
  if (!text) return text.error();
  return parse(*text, path, fileText);
}

const PolicyRule& ImagePolicy::ruleFor(std::string_view repository) const {
  return *std::ranges::find_if(rules_,
                               [&](const PolicyRule& rule) { return isWithin(repository, rule.prefix); });
}

}  // namespace berth::agent::signatures
