// JSON text without what nobody reads: for long answers of which a little counts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth::json {

/// Without regard to case (ASCII).
bool equalKeys(std::string_view a, std::string_view b);

/// The text of a JSON object with no more than the members of `paths`, each by its keys ("Config.Labels"),
/// which match without regard to case, as in Fields. What is left out is not looked at beyond where it ends.
/// Text whose members can't be told apart is answered as it is: the parser says what is wrong with it.
std::string keepMembers(std::string_view text, const std::vector<std::string_view>& paths);

}  // namespace berth::json
