// A line of what a container has written, as /v1/logs answers it.
#pragma once

#include <string>
#include <string_view>

namespace berth::streams {

struct LogLine {
  std::string time;  ///< RFC 3339 with nanoseconds; empty: the runtime has told none
  bool isStderr = false;
  bool partial = false;  ///< the line goes on in the next one of this stream
  std::string text;      ///< without the line's end
  bool operator==(const LogLine&) const = default;
};

/// {"time":...,"container":...,"stream":"stdout","line":...} and, of a part, "partial":true; with a line's
/// end. Bytes that are no UTF-8 are replaced. At most seven times as long as the text, and 1 KiB.
std::string renderLogLine(std::string_view container, const LogLine& line);

}  // namespace berth::streams
