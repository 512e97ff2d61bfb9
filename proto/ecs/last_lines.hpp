// The last lines of a container's output, as an agent of Berth tells them to a controller of Berth: member
// "lastLines" of a ContainerStateChange, on a command session that has agreed on reports.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace berth::ecs {

inline constexpr const char* kLastLines = "lastLines";
inline constexpr size_t kMostLastLines = 5;
inline constexpr size_t kLongestLastLine = 250;     ///< bytes
inline constexpr size_t kLongestLastLines = 1'000;  ///< bytes of all of them

/// The last of `lines` that may be told, in their order, without what could harm a terminal or a log: escape
/// sequences and control characters go, what is no UTF-8 becomes '?', lines without anything are left out. A
/// long line loses its end.
std::vector<std::string> tellable(const std::vector<std::string>& lines);

}  // namespace berth::ecs
