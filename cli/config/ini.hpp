// The format of AWS's shared files: "[section]" headings, "key = value" lines, and settings of settings as
// indented lines below a key without a value. Source: AWS SDKs and Tools reference guide, "Shared config and
// credentials files".
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace berth::cli {

/// One section: by key, a nested one as "outer.inner" ("ecs.endpoint_url").
using IniSection = std::map<std::string, std::string>;

/// All sections of a text by their headings, as "default", "profile dev" or "services mine"; a heading that
/// comes twice is one section. `name` stands for the file in messages. InvalidArgument names file, line and
/// rule, never a value.
Result<std::map<std::string, IniSection>> parseIni(std::string_view text, std::string_view name);

}  // namespace berth::cli
