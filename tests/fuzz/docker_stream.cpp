// Streamed answers: the first byte says in how large chunks the rest comes.
#include <algorithm>

#include "agent/runtimes/docker/translate.hpp"
#include "proto/docker/codec.hpp"
#include "proto/docker/json_stream.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using Lines = std::vector<std::string>;

Lines linesOf(std::string_view text, size_t chunk) {
  berth::docker::LineSplitter splitter;
  Lines lines;
  while (!text.empty()) {
    const size_t size = std::min(chunk, text.size());
    if (!splitter.feed(text.substr(0, size), [&](std::string_view line) { lines.emplace_back(line); })) break;
    text.remove_prefix(size);
  }
  return lines;
}

}  // namespace

BERTH_FUZZ_TARGET(docker_stream) {
  using namespace berth;
  if (input.empty()) return;
  const size_t chunk = 1 + static_cast<unsigned char>(input.front()) % 64;
  input.remove_prefix(1);
  const Lines lines = linesOf(input, chunk);
  fuzz::require(lines == linesOf(input, input.size()), "lines do not depend on the chunks", input);
  for (const std::string& line : lines) {
    fuzz::require(line.find('\n') == std::string::npos, "a line ends at its end", line);
    fuzz::require(line.find_first_not_of(" \t\r") != std::string::npos, "a line is not blank", line);
    if (const auto event = docker::decodeEvent(line)) agent::changesContainer(event->action);
    if (const auto progress = docker::decodePullProgress(line); !progress) {
      fuzz::require(!progress.error().message.empty(), "an error says why");
    }
  }
}
