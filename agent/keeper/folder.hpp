// Where the log keeper and the agent meet: a folder. The agent says in it which containers there are, the
// keeper what became of their output. Neither asks the other anything, so each may be killed at any time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::agent::keeper {

/// What the agent wants kept of a container; written by the agent alone, by renaming.
struct Wanted {
  std::string run;       ///< differs from start to start of a container: letters, digits, "-"
  int64_t maxBytes = 0;  ///< of one file
  int64_t maxFiles = 1;  ///< the one that is written to included
  bool ended = false;    ///< nobody writes any more: what is in the pipes is all there will be
};
std::string encodeWanted(const Wanted& wanted);
/// nullopt for what encodeWanted() has not made.
std::optional<Wanted> decodeWanted(std::string_view text);

/// What could not be kept, since the container was made.
struct Drops {
  uint64_t lines = 0;
  uint64_t bytes = 0;
};
/// Always of the same length: written over itself on a full disk.
std::string encodeDrops(const Drops& drops);
Drops decodeDrops(std::string_view text);

/// ROOT/{lock,journal}, ROOT/wanted/ID,
/// ROOT/containers/ID/{stdout,stderr,ID-json.log,ID-json.log.N,rest-stdout.RUN,rest-stderr.RUN,drops,done}.
class Folder {
 public:
  explicit Folder(std::string root) : root_(std::move(root)) {}

  const std::string& root() const { return root_; }
  /// Held (flock) by the keeper that works, with its process id inside.
  std::string lock() const { return root_ + "/lock"; }
  std::string journal() const { return root_ + "/journal"; }
  std::string allWanted() const { return root_ + "/wanted"; }
  std::string wanted(const std::string& id) const { return allWanted() + "/" + id; }
  std::string allContainers() const { return root_ + "/containers"; }
  std::string of(const std::string& id) const { return allContainers() + "/" + id; }
  std::string fifo(const std::string& id, bool isStderr) const {
    return of(id) + (isStderr ? "/stderr" : "/stdout");
  }
  /// The file that is written to: lines of Docker's json-file. Older ones have ".1", ".2" behind that.
  std::string log(const std::string& id) const { return of(id) + "/" + id + "-json.log"; }
  /// What has come of a line that has no end yet. Of each run its own: a line never goes on in the next one.
  std::string rest(const std::string& id, const std::string& run, bool isStderr) const {
    return of(id) + (isStderr ? "/rest-stderr." : "/rest-stdout.") + run;
  }
  std::string drops(const std::string& id) const { return of(id) + "/drops"; }
  /// Holds the run of which everything is in the log.
  std::string done(const std::string& id) const { return of(id) + "/done"; }

 private:
  std::string root_;
};

/// The log file that was rotated `number` times since; 0: `newest` itself.
std::string rotated(const std::string& newest, int64_t number);
/// How many such files there are behind `newest`, up to the first that is missing; 999 at most.
int64_t rotations(const std::string& newest);

/// At most 4 KiB of a file; empty when it can't be read.
std::string readSmallFile(const std::string& path);
/// In place of what was there; false with errno when that fails. Whoever reads finds the old or the new text.
bool replaceFile(const std::string& path, std::string_view text);

/// Makes a pipe hold 256 KiB, if it does not hold more: what a container writes while there is no keeper.
/// Pages come as they are needed; so many fit into what the kernel lets one user have without privileges, for
/// 100 containers.
void makeRoom(int pipe);

}  // namespace berth::agent::keeper
