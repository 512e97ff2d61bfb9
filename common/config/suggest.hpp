// What a person probably meant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace berth::config {

/// Edits that turn one text into the other: inserted, removed, replaced or with its neighbour swapped
/// characters.
size_t editDistance(std::string_view a, std::string_view b);

/// The candidate with the fewest edits, the first of several; nullopt when none is near: at most a third of
/// `text`'s characters, and at least one, may differ.
std::optional<std::string> nearest(std::string_view text, std::span<const std::string> candidates);

}  // namespace berth::config
