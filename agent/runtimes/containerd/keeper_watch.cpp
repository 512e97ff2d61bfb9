#include "agent/runtimes/containerd/keeper_watch.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace berth::agent::containerd {
namespace {

constexpr const char* kKeeper = "berth-log-keeper";
constexpr Duration kUnitTakes = std::chrono::seconds(3);
constexpr int kFirstOwnFd = 3;

/// How the keeper is started: with nothing of the agent's. Not even its standard error: whoever waits for the
/// end of that would wait for the keeper's, too.
class SpawnManner {
 public:
  explicit SpawnManner(const std::string& messages) {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, messages.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                       0600);
    ::posix_spawn_file_actions_addclosefrom_np(&files, kFirstOwnFd);
    ::posix_spawnattr_init(&manner);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&manner, &none);
    sigset_t all;
    ::sigfillset(&all);
    ::posix_spawnattr_setsigdefault(&manner, &all);
    ::posix_spawnattr_setflags(&manner, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnManner() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&manner);
  }
  SpawnManner(const SpawnManner&) = delete;
  SpawnManner& operator=(const SpawnManner&) = delete;

  posix_spawn_file_actions_t files = {};
  posix_spawnattr_t manner = {};
};

}  // namespace

KeeperOptions ownKeeper() {
  KeeperOptions out;
  std::error_code fault;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", fault);
  const std::string beside = self.parent_path() / kKeeper;
  if (!fault && ::access(beside.c_str(), X_OK) == 0) out.program = beside;
  if (std::getenv("INVOCATION_ID") != nullptr) out.patience = kUnitTakes;
  return out;
}

KeeperWatch::KeeperWatch(const keeper::Folder& folder, KeeperOptions options, Log& log)
    : folder_(folder), options_(std::move(options)), log_(log) {}

bool KeeperWatch::locked() {
  if (!lock_) {
    std::error_code ignored;
    std::filesystem::create_directories(folder_.root(), ignored);
    lock_.reset(::open(folder_.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  }
  if (!lock_ || ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) return static_cast<bool>(lock_);
  ::flock(lock_.get(), LOCK_UN);
  return false;
}

bool KeeperWatch::look(MonoTime now) {
  if (child_ > 0 && ::waitpid(child_, nullptr, WNOHANG) == child_) child_ = -1;
  if (locked()) {
    without_.reset();
    return true;
  }
  if (!without_) {
    without_ = now;
    if (options_.program.empty()) {
      log_.error("no log keeper runs, so containers wait once their pipes are full: start berth-log-keeper",
                 {{"folder", folder_.root()}});
    }
  }
  // One that was started and has no lock yet is on its way.
  if (child_ < 0 && !options_.program.empty() && now - *without_ >= options_.patience) start();
  return false;
}

void KeeperWatch::start() {
  const SpawnManner manner(folder_.root() + "/keeper.log");
  std::string program = options_.program;
  std::string folder = folder_.root();
  std::array<char*, 3> words{program.data(), folder.data(), nullptr};
  std::array<char*, 1> environment{nullptr};
  pid_t child = -1;
  const int fault =
      ::posix_spawn(&child, program.c_str(), &manner.files, &manner.manner, words.data(), environment.data());
  if (fault != 0) {
    log_.error("can't start the log keeper", {{"program", program}, {"reason", std::strerror(fault)}});
    return;
  }
  child_ = child;
  log_.info("started the log keeper", {{"pid", child}});
}

}  // namespace berth::agent::containerd
