#include "common/config/suggest.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace berth::config {

size_t editDistance(std::string_view a, std::string_view b) {
  // Optimal string alignment; rows i - 2, i - 1 and i of its table.
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::optional<std::string> nearest(std::string_view text, std::span<const std::string> candidates) {
  size_t fewest = std::max<size_t>(1, text.size() / 3) + 1;
  std::optional<std::string> found;
  for (const std::string& candidate : candidates) {
    const size_t distance = editDistance(text, candidate);
    if (distance >= fewest) continue;
    fewest = distance;
    found = candidate;
  }
  return found;
}

}  // namespace berth::config
