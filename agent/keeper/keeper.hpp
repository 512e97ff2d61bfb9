// Reads what all containers of a host write, and keeps it in bounded files.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "agent/keeper/folder.hpp"
#include "agent/keeper/journal.hpp"
#include "agent/keeper/log_file.hpp"
#include "common/files/own_fd.hpp"
#include "common/time/clock.hpp"

namespace berth::agent::keeper {

/// One thread, which waits for pipes and for changes of ROOT/wanted. What it can't write it drops and counts,
/// so that no container ever waits for a disk that is full. It may be killed at any time: its successor goes
/// on where it was, without a line lost or doubled.
class Keeper {
 public:
  /// `clock` must outlive it.
  Keeper(Folder folder, const Clock& clock);

  /// Finishes what a predecessor was doing, and takes up all that is wanted. False, having said why, when the
  /// folder can't be used.
  bool begin();
  /// Waits for something to do, at most so long (-1: for ever), and does it.
  void step(int timeoutMillis);
  /// Until the folder is removed.
  void run();

 private:
  struct Stream {
    OwnFd pipe;       ///< none: it has ended
    size_t held = 0;  ///< bytes in its file of rests
  };
  struct Container {
    std::string id;
    Wanted wanted;
    std::array<Stream, 2> streams;  ///< stdout, stderr
    LogFile log;
    Drops drops;
    bool over() const { return !streams[0].pipe && !streams[1].pipe; }
  };

  void redo();
  void scan();
  void readChanges();
  void apply(const std::string& id);
  void attach(const std::string& id, Wanted wanted);
  bool openStream(Container& container, bool isStderr);
  /// False: there was nothing to read.
  bool take(Container& container, bool isStderr);
  void takeAll(Container& container);
  void endStream(Container& container, bool isStderr);
  void finish(const std::string& id);
  void tryAgain();
  void describe(Container& container, bool isStderr);
  void write(Container& container);
  size_t writeLines(Container& container);
  void keepDrops(const Container& container);
  void keepRest(Container& container, std::string_view rest);
  void drop(Container& container, size_t lines, size_t bytes);

  Folder folder_;
  const Clock& clock_;
  std::unique_ptr<Journal> journal_;
  std::map<std::string, std::unique_ptr<Container>> containers_;
  std::map<int, std::pair<Container*, bool>> pipes_;  ///< by file descriptor: whose, and whether it is stderr
  OwnFd poll_;
  OwnFd changes_;
  std::array<OwnFd, 2> peeked_;  ///< a pipe for looking at the first byte of others
  std::string out_;
  bool again_ = false;  ///< something failed that is tried again
  MonoTime retryAt_{};
  bool gone_ = false;  ///< ROOT/wanted is removed
};

/// A line to the standard error.
void say(std::string_view what, std::string_view about);

}  // namespace berth::agent::keeper
