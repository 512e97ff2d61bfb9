// The settings that a program knows, declared as data.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::config {

enum class Type {
  String,    ///< any text but the empty one
  Path,      ///< an absolute path
  Choice,    ///< one of `choices`
  Integer,   ///< within `least` and `most`
  Boolean,   ///< true or false
  Duration,  ///< a Duration within `least` and `most` ns: "1h30m" (berth::parseDuration)
  Size,      ///< bytes, within `least` and `most`: 1048576, "1MiB", "1MB"
  List,      ///< strings; from the environment "a,b"
  Map,       ///< strings by string; from the environment "a=1,b=2"
};

using StringMap = std::map<std::string, std::string>;
/// String, Path, Choice: string. Integer, Size: int64_t. The others: as they are named.
using Value = std::variant<std::string, int64_t, bool, Duration, std::vector<std::string>, StringMap>;

struct Alias;
struct Setting;

/// What a text in another program's form comes to.
struct Translated {
  std::optional<Value> value;  ///< none: as if it were not set
  std::string warning;         ///< one line where the text is not taken as it stands, else empty
};
/// InvalidArgument names key, text (never a secret's) and rule, as parseValue does.
using Translate = Result<Translated> (*)(const Setting&, const Alias&, std::string_view);

/// Where another program's configuration has a setting.
struct Alias {
  std::string variable;           ///< "ECS_RESERVED_MEMORY"
  std::string jsonKey;            ///< "ReservedMemory"; empty: it has none
  Translate translate = nullptr;  ///< of the variable's text
  berth::Duration least{};        ///< durations below it are not taken as they stand
  bool raised = true;             ///< such a duration becomes `least`; false: it counts as not set
};

/// One key. Made by the functions below, refined by the ones it has.
struct Setting {
  std::string key;  ///< dotted snake_case: "images.pull_behavior"
  Type type = Type::String;
  std::string doc;  ///< one line: what it is
  std::vector<std::string> choices;
  int64_t least = std::numeric_limits<int64_t>::min();
  int64_t most = std::numeric_limits<int64_t>::max();
  std::optional<std::string> fallback;  ///< the default, written as in the environment
  bool isRequired = false;
  bool isSecret = false;                     ///< never shown, nor quoted in errors
  bool (*fits)(std::string_view) = nullptr;  ///< a String's text, a List's items
  std::string rule;                          ///< what `fits` asks for: "must be ..."
  bool isLive = false;                       ///< a running program can take a new value
  std::vector<Alias> aliases;                ///< the first that is set counts

  Setting between(int64_t lowest, int64_t highest) const;
  Setting between(berth::Duration lowest, berth::Duration highest) const;
  Setting byDefault(std::string text) const;
  Setting required() const;
  Setting secret() const;
  Setting matching(bool (*fitting)(std::string_view), std::string ruleText) const;
  Setting live() const;
  Setting from(Alias alias) const;
};

Setting string(std::string key, std::string doc);
Setting path(std::string key, std::string doc);
Setting choice(std::string key, std::vector<std::string> choices, std::string doc);
Setting integer(std::string key, std::string doc);
Setting boolean(std::string key, std::string doc);
Setting duration(std::string key, std::string doc);
Setting size(std::string key, std::string doc);
Setting list(std::string key, std::string doc);
Setting map(std::string key, std::string doc);

/// All keys of a program. A key that is malformed, declared twice or also a section of others, and a default
/// that breaks its own rule, are bugs and end the program.
class Schema {
 public:
  explicit Schema(std::vector<Setting> settings);

  /// In the order of declaration.
  const std::vector<Setting>& settings() const { return settings_; }
  const Setting* find(std::string_view key) const;
  /// Whether keys begin with `prefix` and a dot; "" is the section of all keys.
  bool isSection(std::string_view prefix) const;
  /// The way out for an unknown key: "did you mean 'region'?", or else a list of the keys that there are.
  std::string suggest(std::string_view unknownKey) const;

 private:
  std::vector<Setting> settings_;
};

}  // namespace berth::config
