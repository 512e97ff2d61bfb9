#include "proto/docker/log_stream.hpp"

#include <algorithm>
#include <cstdint>

namespace berth::docker {
namespace {

constexpr size_t kHeader = 8;

bool beginsFrame(std::string_view body) {
  if (body.size() < kHeader) return false;
  const bool stream = body[0] == 0 || body[0] == 1 || body[0] == 2;
  return stream && body.substr(1, 3) == std::string_view("\0\0\0", 3);
}

size_t lengthOf(std::string_view header) {
  uint32_t out = 0;
  for (size_t i = 4; i < kHeader; ++i) out = out << 8 | static_cast<uint8_t>(header[i]);
  return out;
}

std::string withoutFrames(std::string_view body) {
  std::string out;
  while (beginsFrame(body)) {
    const size_t length = lengthOf(body);
    body.remove_prefix(kHeader);
    out += body.substr(0, length);
    body.remove_prefix(std::min(length, body.size()));
  }
  return out;
}

}  // namespace

std::vector<std::string> logLines(std::string_view body, size_t longest) {
  std::string text = beginsFrame(body) ? withoutFrames(body) : std::string(body);
  std::vector<std::string> out;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = std::string_view(text).substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out.emplace_back(line.substr(0, longest));
    begin = end + 1;
  }
  return out;
}

}  // namespace berth::docker
