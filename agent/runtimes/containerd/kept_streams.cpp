#include "agent/runtimes/containerd/kept_streams.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "agent/runtimes/containerd/kept_log.hpp"
#include "agent/runtimes/containerd/log_shipper.hpp"

namespace berth::agent::containerd {
namespace {

/// Between two looks for more.
constexpr Duration kBetween = std::chrono::milliseconds(50);
/// How long the end of a container's output is waited for where nobody waits for more.
constexpr Duration kEndTakes = std::chrono::seconds(1);
constexpr Duration kLookForEnd = std::chrono::milliseconds(5);
/// Rendered, such a line fits in a frame whatever its bytes are.
constexpr size_t kMostOfLine = size_t{8} << 10;
constexpr size_t kMostOfLastLine = 1024;

/// Seconds since 1970 in the form of the log's times, which compare as texts; empty for none.
std::string sinceText(const std::string& seconds) {
  double number = 0;
  const auto read = std::from_chars(seconds.data(), seconds.data() + seconds.size(), number);
  return read.ec == std::errc() ? toRfc3339(fromEpochSeconds(number)) : std::string();
}

Async<void> settled(std::shared_ptr<const Outputs> outputs, std::string id) {
  for (Duration waited{}; waited < kEndTakes && outputs->ending(id); waited += kLookForEnd)
    co_await sleepFor(kLookForEnd);
}

class KeptContainerLog final : public ContainerLog, public std::enable_shared_from_this<KeptContainerLog> {
 public:
  KeptContainerLog(std::shared_ptr<const Outputs> outputs, LogSpec spec)
      : outputs_(std::move(outputs)),
        spec_(std::move(spec)),
        since_(sinceText(spec_.since)),
        log_(outputs_->folder().log(spec_.container)) {}

  Async<Result<std::vector<streams::LogLine>>> read() override {
    const auto self = shared_from_this();
    if (!std::exchange(begun_, true)) {
      if (!spec_.follow) co_await settled(outputs_, spec_.container);
      if (spec_.tail) log_.fromEnd(*spec_.tail);
    }
    while (!closed_) {
      // Before the look: what is complete by then has nothing to come after it.
      const bool last = !spec_.follow || outputs_->complete(spec_.container);
      const std::vector<streams::LogLine> lines = log_.read();
      std::vector<streams::LogLine> out;
      for (const streams::LogLine& line : lines) {
        if (line.time < since_) continue;
        for (streams::LogLine& part : inParts(line, kMostOfLine)) out.push_back(std::move(part));
      }
      if (!out.empty()) co_return out;
      if (lines.empty() && last) break;
      if (lines.empty()) co_await sleepFor(kBetween);
    }
    co_return std::vector<streams::LogLine>();
  }

  void close() override { closed_ = true; }

 private:
  std::shared_ptr<const Outputs> outputs_;
  LogSpec spec_;
  std::string since_;
  KeptLog log_;
  bool begun_ = false;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<ContainerLog> keptContainerLog(std::shared_ptr<const Outputs> outputs, LogSpec spec) {
  return std::make_shared<KeptContainerLog>(std::move(outputs), std::move(spec));
}

Async<std::vector<std::string>> lastLines(std::shared_ptr<const Outputs> outputs, std::string id,
                                          size_t lines) {
  co_await settled(outputs, id);
  KeptLog log(outputs->folder().log(id));
  log.fromEnd(static_cast<int64_t>(lines));
  std::vector<std::string> out;
  for (auto read = log.read(); !read.empty() && out.size() < lines; read = log.read()) {
    for (const streams::LogLine& line : read) out.push_back(line.text.substr(0, kMostOfLastLine));
  }
  if (out.size() > lines) out.resize(lines);
  const uint64_t unkept = outputs->drops(id).lines;
  const uint64_t unsent = droppedBySink(*outputs, id);
  if (unkept > 0)
    out.push_back("[" + std::to_string(unkept) + " lines could not be kept: the disk was full]");
  if (unsent > 0)
    out.push_back("[" + std::to_string(unsent) + " lines were not taken by the log driver's sink]");
  co_return out;
}

}  // namespace berth::agent::containerd
