#include "proto/docker/json_stream.hpp"

#include <utility>

namespace berth::docker {

Status LineSplitter::feed(std::string_view chunk, const std::function<void(std::string_view)>& line) {
  auto pass = [&](std::string_view text) {
    if (text.find_first_not_of(" \t\r") != std::string_view::npos) line(text);
  };
  for (size_t end = chunk.find('\n'); end != std::string_view::npos; end = chunk.find('\n')) {
    if (pending_.empty()) {
      pass(chunk.substr(0, end));
    } else {
      const std::string whole = std::exchange(pending_, std::string()).append(chunk.substr(0, end));
      pass(whole);
    }
    chunk.remove_prefix(end + 1);
  }
  if (pending_.size() + chunk.size() > kLongestLine) {
    pending_.clear();
    return makeError(Code::ResourceExhausted, "a line of the engine's stream is longer than 1 MiB");
  }
  pending_.append(chunk);
  return {};
}

}  // namespace berth::docker
