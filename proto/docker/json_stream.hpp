// Streamed answers: JSON objects that follow each other, one a line.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace berth::docker {

/// Cuts the chunks of a stream into lines. Blank lines, and a last one that was cut off, are dropped.
class LineSplitter {
 public:
  static constexpr size_t kLongestLine = size_t{1} << 20;

  /// Calls `line` for each line that `chunk` completes. ResourceExhausted once a line is longer than
  /// kLongestLine; the stream is useless then.
  Status feed(std::string_view chunk, const std::function<void(std::string_view)>& line);

 private:
  std::string pending_;
};

}  // namespace berth::docker
