#include "agent/runtimes/containerd/kept_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace berth::agent::containerd {
namespace {

constexpr size_t kChunk = 65536;

bool sameFile(int fd, const std::string& path) {
  struct stat one = {};
  struct stat other = {};
  return ::fstat(fd, &one) == 0 && ::stat(path.c_str(), &other) == 0 && one.st_ino == other.st_ino &&
         one.st_dev == other.st_dev;
}

/// Tells a file from a later one to which the file system has given its inode: with the time when it was
/// made. 0: it can't be told.
uint64_t identityOf(int fd) {
  struct statx found = {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &found) != 0) return 0;
  const bool born = (found.stx_mask & STATX_BTIME) != 0;
  const auto seconds = born ? static_cast<uint64_t>(found.stx_btime.tv_sec) : 0;
  return found.stx_ino + seconds * 1'000'000'000 + (born ? found.stx_btime.tv_nsec : 0);
}

int64_t bytesIn(int fd) {
  struct stat found = {};
  return ::fstat(fd, &found) == 0 ? found.st_size : 0;
}

/// Where the last `lines` lines of a file begin, and how many there are of them.
std::pair<int64_t, int64_t> beginOfLast(int fd, int64_t lines) {
  std::string chunk(kChunk, '\0');
  int64_t seen = 0;
  for (int64_t end = bytesIn(fd); end > 0;) {
    const int64_t from = std::max<int64_t>(0, end - static_cast<int64_t>(kChunk));
    const ssize_t count = ::pread(fd, chunk.data(), static_cast<size_t>(end - from), from);
    for (ssize_t at = count - 1; at >= 0; --at) {
      // One more than wanted: what is behind its end is what is wanted.
      if (chunk[static_cast<size_t>(at)] == '\n' && seen++ == lines) return {from + at + 1, lines};
    }
    end = count > 0 ? from : 0;
  }
  return {0, seen};
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

std::optional<streams::LogLine> parseLogLine(std::string_view json) {
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  const auto text = parsed.find("log");
  const auto stream = parsed.find("stream");
  const auto time = parsed.find("time");
  const bool whole = text != parsed.end() && text->is_string() && stream != parsed.end() &&
                     stream->is_string() && time != parsed.end() && time->is_string();
  if (!whole) return std::nullopt;
  streams::LogLine out{time->get<std::string>(), *stream == "stderr", false, text->get<std::string>()};
  out.partial = !out.text.ends_with('\n');
  if (!out.partial) out.text.pop_back();
  return out;
}

std::vector<streams::LogLine> inParts(streams::LogLine line, size_t most) {
  std::vector<streams::LogLine> out;
  std::string_view left = line.text;
  while (left.size() > most) {
    size_t cut = most;
    while (cut > most - 4 && continues(left[cut])) --cut;
    out.push_back({line.time, line.isStderr, true, std::string(left.substr(0, cut))});
    left.remove_prefix(cut);
  }
  out.push_back({line.time, line.isStderr, line.partial, std::string(left)});
  return out;
}

bool KeptLog::open(const std::string& path) {
  OwnFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return false;
  file_ = std::move(file);
  offset_ = 0;
  return true;
}

void KeptLog::fromEnd(int64_t lines) {
  for (int64_t number = 0; number <= keeper::rotations(newest_); ++number) {
    if (!open(keeper::rotated(newest_, number))) return;
    const auto [offset, seen] = beginOfLast(file_.get(), lines);
    offset_ = offset;
    lines -= seen;
    if (lines <= 0) return;
  }
}

void KeptLog::seek(LogPosition to) {
  for (int64_t number = keeper::rotations(newest_); number >= 0; --number) {
    if (!open(keeper::rotated(newest_, number))) continue;
    if (position().file != to.file) continue;
    offset_ = to.offset <= bytesIn(file_.get()) ? to.offset : 0;
    return;
  }
  file_.reset();
}

LogPosition KeptLog::position() const {
  if (!file_) return {};
  return {identityOf(file_.get()), offset_ - static_cast<int64_t>(rest_.size())};
}

bool KeptLog::nearlyLost() const {
  const int64_t last = keeper::rotations(newest_);
  struct stat newest = {};
  return file_ && last > 0 && sameFile(file_.get(), keeper::rotated(newest_, last)) &&
         ::stat(newest_.c_str(), &newest) == 0 && newest.st_size * 2 > bytesIn(file_.get());
}

uint64_t KeptLog::skipFile() {
  std::string chunk(kChunk, '\0');
  uint64_t lines = 0;
  ssize_t count = 0;
  while (file_ && (count = ::pread(file_.get(), chunk.data(), chunk.size(), offset_)) > 0) {
    lines += static_cast<uint64_t>(std::count(chunk.begin(), chunk.begin() + count, '\n'));
    offset_ += count;
  }
  rest_.clear();
  next();
  return lines;
}

bool KeptLog::next() {
  if (!file_) return open(keeper::rotated(newest_, keeper::rotations(newest_)));
  if (sameFile(file_.get(), newest_)) return false;
  const int64_t last = keeper::rotations(newest_);
  for (int64_t number = 1; number <= last; ++number) {
    if (sameFile(file_.get(), keeper::rotated(newest_, number)))
      return open(keeper::rotated(newest_, number - 1));
  }
  // It was rotated away while it was read.
  return open(keeper::rotated(newest_, last));
}

std::vector<streams::LogLine> KeptLog::read() {
  std::vector<streams::LogLine> out;
  std::string chunk(kChunk, '\0');
  starts_.clear();
  while (out.empty()) {
    ssize_t count = file_ ? ::pread(file_.get(), chunk.data(), chunk.size(), offset_) : 0;
    if (count <= 0) {
      const bool written = file_ && !sameFile(file_.get(), newest_);
      // It gets no more once it has another name: what came before that is read first.
      if (written) count = ::pread(file_.get(), chunk.data(), chunk.size(), offset_);
      if (count <= 0) {
        if (!next()) return out;
        rest_.clear();
        continue;
      }
    }
    offset_ += count;
    rest_.append(chunk, 0, static_cast<size_t>(count));
    const LogPosition begin = position();
    size_t from = 0;
    for (size_t end = 0; (end = rest_.find('\n', from)) != std::string::npos; from = end + 1) {
      auto line = parseLogLine(std::string_view(rest_).substr(from, end - from));
      if (!line) continue;
      out.push_back(std::move(*line));
      starts_.push_back({begin.file, begin.offset + static_cast<int64_t>(from)});
    }
    rest_.erase(0, from);
  }
  return out;
}

}  // namespace berth::agent::containerd
