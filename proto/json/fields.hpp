// Reading members of JSON objects that come from outside: every read checks the type, the first fault is
// kept, and nothing throws.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace berth::json {

/// Parses JSON text into an object. InvalidArgument, naming `what`, when it is not JSON, not an object, or
/// nested deeper than 64 levels. Where `members` are named, each by its keys ("Config.Labels") without regard
/// to case, others may be missing in the answer: they are not made.
Result<nlohmann::json> parseObject(std::string_view text, std::string_view what,
                                   const std::vector<std::string_view>& members = {});

/// Compact JSON text; bytes that are not UTF-8 are replaced, so it never fails.
std::string dump(const nlohmann::json& value);

/// The members of one JSON object. Keys match without regard to case, as Go's decoder does, an exact match
/// first; null counts as absent. A member of the wrong type yields the default, and status() says which.
class Fields {
 public:
  /// `object` must outlive this; `path` names it in errors ("message.tasks[0]"). When it is no object, every
  /// member is absent and status() says so.
  Fields(const nlohmann::json& object, std::string path);

  bool has(std::string_view key) const { return find(key) != nullptr; }
  const nlohmann::json* find(std::string_view key) const;

  std::string str(std::string_view key, std::string fallback = {});
  /// Like str; an absent or empty member is a fault.
  std::string requiredStr(std::string_view key);
  int64_t integer(std::string_view key, int64_t fallback = 0);
  std::optional<int64_t> optionalInteger(std::string_view key);
  double number(std::string_view key, double fallback = 0);
  std::optional<double> optionalNumber(std::string_view key);
  bool boolean(std::string_view key, bool fallback = false);
  std::vector<std::string> strings(std::string_view key);
  std::optional<std::vector<std::string>> optionalStrings(std::string_view key);
  std::map<std::string, std::string> stringMap(std::string_view key);
  /// The elements of an array member; empty when absent. A member that is no array is a fault.
  std::vector<const nlohmann::json*> list(std::string_view key);

  /// The path of a member, for errors about what is inside it.
  std::string pathOf(std::string_view key) const;
  /// Records a fault, unless there is one already.
  void fault(std::string_view key, std::string_view rule);
  /// Takes over the fault of nested fields, unless there is one already.
  void absorb(const Fields& nested);
  Status status() const { return error_ ? Status(*error_) : Status(); }

 private:
  const nlohmann::json& object_;
  std::string path_;
  std::optional<Error> error_;
};

}  // namespace berth::json
