#include "proto/docker/output.hpp"

#include <algorithm>

namespace berth::docker {
namespace {

constexpr size_t kFrameHeader = 8;
constexpr size_t kLongestTime = 40;

/// "2026-11-27T18:00:00.123456789Z" before the first blank; empty when there is none such.
std::string_view timeOf(std::string_view line) {
  const size_t end = std::min(line.find(' '), line.size());
  if (end == 0 || end > kLongestTime || line[0] < '0' || line[0] > '9') return {};
  const std::string_view word = line.substr(0, end);
  const bool dated = word.find('T') != std::string_view::npos;
  return dated && word.find_first_not_of("0123456789-+:.TZ") == std::string_view::npos ? word
                                                                                       : std::string_view();
}

}  // namespace

Status Demultiplexer::feed(std::string_view bytes, const Take& take) {
  while (!bytes.empty()) {
    if (left_ == 0) {
      const size_t wanted = std::min(kFrameHeader - header_.size(), bytes.size());
      header_ += bytes.substr(0, wanted);
      bytes.remove_prefix(wanted);
      if (header_.size() < kFrameHeader) return {};
      const auto byte = [this](size_t at) { return static_cast<uint8_t>(header_[at]); };
      if (byte(0) > 2 || byte(1) != 0 || byte(2) != 0 || byte(3) != 0)
        return makeError(Code::DataLoss, "the engine's stream has no frame where one should begin");
      for (size_t at = 4; at < kFrameHeader; ++at) left_ = left_ << 8 | byte(at);
      stderr_ = byte(0) == 2;
      header_.clear();
      if (left_ == 0) take(stderr_, {}, true);
      continue;
    }
    const std::string_view piece = bytes.substr(0, left_);
    bytes.remove_prefix(piece.size());
    left_ -= piece.size();
    take(stderr_, piece, left_ == 0);
  }
  return {};
}

void LogReader::close(Open& open, bool isStderr, bool partial, const Take& take) {
  streams::LogLine line;
  line.isStderr = isStderr;
  line.partial = partial;
  std::string_view text = open.text;
  if (!open.parted) {
    open.time = timeOf(text);
    if (!open.time.empty()) text.remove_prefix(std::min(open.time.size() + 1, text.size()));
  }
  line.time = open.time;
  if (!partial && text.ends_with('\n')) text.remove_suffix(1);
  if (!partial && text.ends_with('\r')) text.remove_suffix(1);
  line.text = text;
  take(std::move(line));
  open.text.clear();
  open.parted = partial;
}

void LogReader::add(Open& open, bool isStderr, std::string_view piece, const Take& take) {
  while (!piece.empty()) {
    const size_t room = longest_ + kLongestTime - std::min(open.text.size(), longest_ + kLongestTime);
    const std::string_view now = piece.substr(0, std::max<size_t>(room, 1));
    piece.remove_prefix(now.size());
    open.text += now;
    const bool more = !piece.empty();
    if (more) close(open, isStderr, true, take);
  }
}

Status LogReader::feed(std::string_view bytes, const Take& take) {
  if (!tty_) {
    return frames_.feed(bytes, [&](bool isStderr, std::string_view piece, bool frameEnds) {
      Open& open = isStderr ? err_ : out_;
      add(open, isStderr, piece, take);
      if (!frameEnds) return;
      // A frame is one entry of the log; the driver has cut a line that was too long for one.
      const bool whole = open.text.ends_with('\n');
      close(open, isStderr, !whole, take);
      open.parted = false;
    });
  }
  while (!bytes.empty()) {
    const size_t end = std::min(bytes.find('\n'), bytes.size() - 1) + 1;
    add(out_, false, bytes.substr(0, end), take);
    if (out_.text.ends_with('\n')) {
      close(out_, false, false, take);
      out_.parted = false;
    }
    bytes.remove_prefix(end);
  }
  return {};
}

void LogReader::finish(const Take& take) {
  if (!out_.text.empty()) close(out_, false, false, take);
  if (!err_.text.empty()) close(err_, true, false, take);
}

}  // namespace berth::docker
