// The settings that hold, each with where it comes from.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/schema.hpp"

namespace berth::config {

/// The kinds of sources, the weakest first.
enum class Origin {
  Default,
  Foreign,      ///< another program's configuration
  Yaml,         ///< the program's file
  Environment,  ///< the program's variables
};

/// A value and its source for people: "agent.yaml:3", "BERTH_AGENT_REGION", "default".
struct Given {
  Value value;
  std::string source;
  Origin origin = Origin::Default;
};

/// What one source says.
struct Layer {
  std::map<std::string, Given> given;
  std::set<std::string> broken;       ///< keys it mentions with values that break a rule
  std::vector<std::string> problems;  ///< each one line, beginning with where it is
};

/// Made by load(). Asking for a key that isn't declared, by the getter of another type, or for one that has
/// no value (see has) is a bug and ends the program; list and map are empty without a value.
class Settings {
 public:
  /// `given` has only declared keys, with values of their types.
  Settings(std::shared_ptr<const Schema> schema, std::map<std::string, Given> given);
  Settings(Schema schema, std::map<std::string, Given> given);

  const Schema& schema() const { return *schema_; }

  /// Whether the key has a value, be it the default.
  bool has(std::string_view key) const;
  /// Where the value comes from; empty when there is none.
  std::string source(std::string_view key) const;
  /// What kind of source that is; Default when there is none.
  Origin origin(std::string_view key) const;
  /// Whether both have the key with one value, or both not at all. The sources may differ.
  bool same(const Settings& other, std::string_view key) const;
  /// These, with what `other` says of the live keys.
  Settings withLive(const Settings& other) const;

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

  std::shared_ptr<const Schema> schema_;
  std::map<std::string, Given, std::less<>> given_;
};

}  // namespace berth::config
