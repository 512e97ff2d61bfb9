// The output of a container. The first byte says how long lines may be and how the text is cut into frames.
#include <algorithm>

#include "proto/docker/log_stream.hpp"
#include "tests/fuzz/target.hpp"

namespace {

/// `text` as it comes without a terminal, in frames of `chunk` bytes of both streams by turns.
std::string framed(std::string_view text, size_t chunk) {
  std::string out;
  for (char stream = 1; !text.empty(); stream = static_cast<char>(3 - stream)) {
    const std::string_view piece = text.substr(0, chunk);
    out += {stream, 0, 0, 0, 0, 0, 0, static_cast<char>(piece.size())};
    out += piece;
    text.remove_prefix(piece.size());
  }
  return out;
}

/// The lines of a text without frames.
std::vector<std::string> linesByRule(std::string_view text, size_t longest) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    std::string_view line = berth::fuzz::takeLine(text);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line.substr(0, longest));
  }
  return lines;
}

}  // namespace

BERTH_FUZZ_TARGET(docker_logs) {
  using namespace berth;
  if (input.empty()) return;
  const size_t size = 1 + static_cast<unsigned char>(input.front()) % 127;
  input.remove_prefix(1);
  size_t bytes = 0;
  for (const std::string& line : docker::logLines(input, size)) {
    fuzz::require(line.size() <= size && line.find('\n') == std::string::npos, "a line is short and ends",
                  line);
    bytes += line.size();
  }
  fuzz::require(bytes <= input.size(), "lines hold what the body holds", input);
  fuzz::require(docker::logLines(framed(input, size), size) == linesByRule(input, size),
                "frames are one text, however it is cut", input);
  // What begins like a frame is one, with a terminal too.
  const bool plain = input.empty() || static_cast<unsigned char>(input.front()) > 2;
  fuzz::require(!plain || docker::logLines(input, size) == linesByRule(input, size), "a text needs no frames",
                input);
}
