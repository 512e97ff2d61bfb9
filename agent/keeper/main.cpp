#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "agent/keeper/keeper.hpp"

namespace {

using berth::agent::keeper::Folder;
using berth::agent::keeper::say;

constexpr int kFailed = 1;
constexpr int kWrongUse = 2;

bool makeFolders(const std::string& path) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) return false;
    if (slash == std::string::npos) break;
  }
  errno = 0;
  return true;
}

}  // namespace

int main(int count, char** words) {
  if (count != 2 || words[1][0] != '/') {
    errno = 0;
    say("usage",
        "berth-log-keeper FOLDER, which is DATA_DIR/containerd/logs of a berth-agent, as a whole path");
    return kWrongUse;
  }
  const Folder folder(words[1]);
  if (!makeFolders(folder.root())) {
    say("can't make the folder", folder.root());
    return kFailed;
  }
  const int lock = ::open(folder.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  // Where there is one already this waits, to take over at once when that ends.
  int locked = -1;
  while (lock >= 0 && (locked = ::flock(lock, LOCK_EX)) != 0 && errno == EINTR) {
  }
  if (locked != 0) {
    say("can't lock", folder.lock());
    return kFailed;
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock, 0) != 0 || ::write(lock, pid.data(), pid.size()) < 0) errno = 0;
  const berth::SystemClock clock;
  berth::agent::keeper::Keeper keeper(folder, clock);
  if (!keeper.begin()) return kFailed;
  keeper.run();
}
