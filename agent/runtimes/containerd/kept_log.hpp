// The log keeper's files, read: lines of json-file, from any of the last ones on, and on over rotations.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/keeper/folder.hpp"
#include "common/files/own_fd.hpp"
#include "proto/streams/log_line.hpp"

namespace berth::agent::containerd {

/// One line of json-file; nullopt for what is none, as a crash of the host may leave it.
std::optional<streams::LogLine> parseLogLine(std::string_view json);

/// Cuts a line that is longer than `most` bytes, not through a character; all but the last part are partial.
std::vector<streams::LogLine> inParts(streams::LogLine line, size_t most);

/// A place in a log that outlives rotations: how much of a file was read.
struct LogPosition {
  uint64_t file = 0;  ///< which; of no other file of this log, now or later
  int64_t offset = 0;
  bool operator==(const LogPosition&) const = default;
};

/// Reads the files of one container's log one after the other.
class KeptLog {
 public:
  /// `newest` is the file that is written to; its older ones are NEWEST.1 and so on. Starts with the oldest
  /// line.
  explicit KeptLog(std::string newest) : newest_(std::move(newest)) {}

  /// Starts with the last `lines` lines instead. Before the first read().
  void fromEnd(int64_t lines);
  /// Starts where another reader was; where that file is gone, with the oldest line. Before the first read().
  void seek(LogPosition to);
  /// Behind the last line that was read.
  LogPosition position() const;
  /// Whether the file that is read is the oldest of several, and the newest one is half full: what has not
  /// been read by the next rotation is lost.
  bool nearlyLost() const;
  /// Goes on with the next file, if there is one; answers how many lines are left unread.
  uint64_t skipFile();
  /// The next whole lines, about 64 KiB of them; none: there is nothing more for now.
  std::vector<streams::LogLine> read();
  /// Where the lines of the last read() begin.
  const std::vector<LogPosition>& starts() const { return starts_; }

 private:
  bool open(const std::string& path);
  /// The file after the one that is open; false: there is none yet.
  bool next();

  std::string newest_;
  OwnFd file_;
  int64_t offset_ = 0;
  std::string rest_;  ///< the beginning of a line
  std::vector<LogPosition> starts_;
};

}  // namespace berth::agent::containerd
