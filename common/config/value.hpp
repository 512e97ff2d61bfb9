// Values of settings from text and back.
#pragma once

#include <string>
#include <string_view>

#include "common/config/schema.hpp"
#include "common/result/result.hpp"

namespace berth::config {

/// Reads a value in the form of the environment. InvalidArgument names key, value (never a secret's) and
/// rule.
Result<Value> parseValue(const Setting& setting, std::string_view text);

/// A List of these items. InvalidArgument names key, item and rule.
Result<Value> listOf(const Setting& setting, std::vector<std::string> items);

/// The value on one line of YAML, in the form that parseValue or a YAML sequence or mapping reads back.
std::string formatValue(const Setting& setting, const Value& value);

/// `text` as a YAML scalar that reads back as the same string: plain where that is safe, else in double
/// quotes.
std::string yamlScalar(std::string_view text);

/// The error for a value that breaks a rule: `'log.level' is "loud": must be one of debug, info`.
Error badValue(const Setting& setting, std::string_view text, std::string_view rule);

/// The error for a Map with two values of one name (not shown when secret): `'attributes' has 'a' twice; keep
/// one`.
Error nameTwice(const Setting& setting, std::string_view name);

}  // namespace berth::config
