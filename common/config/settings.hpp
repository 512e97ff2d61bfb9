// The settings that hold, each with where it comes from.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/schema.hpp"

namespace berth::config {

/// A value and its source for people: "agent.yaml:3", "BERTH_AGENT_REGION", "default".
struct Given {
  Value value;
  std::string source;
};

/// Made by load(). Asking for a key that isn't declared, by the getter of another type, or for one that has
/// no value (see has) is a bug and ends the program; list and map are empty without a value.
class Settings {
 public:
  /// `given` has only declared keys, with values of their types.
  Settings(Schema schema, std::map<std::string, Given> given);

  /// Whether the key has a value, be it the default.
  bool has(std::string_view key) const;
  /// Where the value comes from; empty when there is none.
  std::string source(std::string_view key) const;

  const std::string& string(std::string_view key) const;  ///< String, Path, Choice
  int64_t integer(std::string_view key) const;            ///< Integer; Size in bytes
  bool boolean(std::string_view key) const;
  Duration duration(std::string_view key) const;
  const std::vector<std::string>& list(std::string_view key) const;
  const StringMap& map(std::string_view key) const;

  /// The settings as YAML that load() accepts, in the order of the schema, each with its source as a comment;
  /// secrets are shown as "***", keys without a value as comments.
  std::string describe() const;

 private:
  const Given* find(std::string_view key) const;
  template <class T>
  const T& get(std::string_view key) const;

  Schema schema_;
  std::map<std::string, Given, std::less<>> given_;
};

}  // namespace berth::config
