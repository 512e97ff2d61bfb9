// Settings as a table for people.
#pragma once

#include <string>

#include "common/config/schema.hpp"

namespace berth::config {

/// What values it takes: "one of a, b", "1 to 64", "a duration, 1s to 2h".
std::string valuesOf(const Setting& setting);

/// All settings in the order of declaration as a table in Markdown: key, values, default, `foreignTitle` (the
/// variables of the aliases), whether a running program takes a new value, what it is.
std::string settingsTable(const Schema& schema, const std::string& foreignTitle);

/// `text` for a cell of such a table.
std::string tableCell(std::string_view text);

}  // namespace berth::config
