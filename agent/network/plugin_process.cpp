#include "agent/network/plugin_process.hpp"

#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/files/memory_file.hpp"
#include "common/files/own_fd.hpp"

namespace berth::agent::network {
namespace {

constexpr Duration kDying = std::chrono::seconds(5);

Error failed(const std::string& program, const std::string& what, int fault) {
  const bool absent = fault == ENOENT;
  return makeError(absent ? Code::NotFound : Code::Internal,
                   what + " " + program + ": " + std::strerror(fault));
}

/// A process that leads a group of its own. Nobody else waits for it, so its number means it until reap().
class GroupLeader {
 public:
  explicit GroupLeader(pid_t pid) : pid_(pid) {}
  ~GroupLeader() {
    if (pid_ <= 0) return;
    killGroup();
    ::waitpid(pid_, nullptr, WNOHANG);
  }
  GroupLeader(const GroupLeader&) = delete;
  GroupLeader& operator=(const GroupLeader&) = delete;

  void killGroup() const { ::kill(-pid_, SIGKILL); }
  /// Of one that has ended: its exit code as a shell tells it; nullopt while not even SIGKILL has ended it.
  std::optional<int> reap() {
    // What it left behind has nobody to answer to. Before the number of the group is given back.
    killGroup();
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    pid_ = 0;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_;
};

struct SpawnSettings {
  SpawnSettings() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t usual;
    ::sigemptyset(&none);
    ::sigemptyset(&usual);
    ::sigaddset(&usual, SIGPIPE);
    ::posix_spawnattr_setflags(&attributes,
                               POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &usual);
  }
  ~SpawnSettings() {
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

std::vector<char*> pointersTo(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

Result<pid_t> spawnProgram(ProgramCall& call, const std::array<const MemoryFile*, 3>& streams) {
  SpawnSettings settings;
  for (int fd = 0; fd < 3; ++fd)
    ::posix_spawn_file_actions_adddup2(&settings.actions, streams[static_cast<size_t>(fd)]->get(), fd);
  const std::vector<char*> words = pointersTo(call.command);
  const std::vector<char*> variables = pointersTo(call.environment);
  pid_t pid = 0;
  const int fault = ::posix_spawnp(&pid, words.front(), &settings.actions, &settings.attributes, words.data(),
                                   variables.data());
  if (fault != 0) return failed(call.command.front(), "can't run", fault);
  return pid;
}

/// The wait for one process, which a timer may cut short.
struct Wait {
  Wait(const Executor& executor, int fd) : ended(executor, fd), timer(executor) {}

  boost::asio::posix::stream_descriptor ended;
  boost::asio::steady_timer timer;
  bool overdue = false;
};

void limit(const std::shared_ptr<Wait>& wait, Duration time, std::function<void()> then) {
  wait->timer.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(time));
  wait->timer.async_wait(
      [held = std::weak_ptr<Wait>(wait), then = std::move(then)](boost::system::error_code fault) {
        if (!fault && held.lock()) then();
      });
}

/// Whether it ended by itself.
Async<bool> waitForEnd(const GroupLeader& leader, int fd, Duration time) {
  const Executor executor = co_await boost::asio::this_coro::executor;
  const auto wait = std::make_shared<Wait>(executor, fd);
  limit(wait, time, [&leader, wait = std::weak_ptr<Wait>(wait)] {
    const auto held = wait.lock();
    held->overdue = true;
    leader.killGroup();
    // What not even that ends is not waited for.
    limit(held, kDying, [raw = held.get()] { raw->ended.cancel(); });
  });
  boost::system::error_code fault;
  co_await wait->ended.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                  boost::asio::redirect_error(boost::asio::use_awaitable, fault));
  co_return !wait->overdue && !fault;
}

}  // namespace

Async<Result<ProgramEnd>> runProgram(ProgramCall call) {
  // In place of pipes: nobody has to read while the program runs, and one that a grandchild keeps open has no
  // end to wait for.
  const MemoryFile input;
  const MemoryFile output;
  const MemoryFile errors;
  if (output.get() < 0 || errors.get() < 0 || !input.fill(call.input))
    co_return failed(call.command.front(), "can't make files in memory for", errno);
  const auto pid = spawnProgram(call, {&input, &output, &errors});
  if (!pid) co_return pid.error();
  GroupLeader leader(*pid);
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0));
  if (fd < 0) co_return failed(call.command.front(), "can't watch", errno);
  // The descriptor is the waiting's from here on.
  const bool byItself = co_await waitForEnd(leader, fd, call.limit);
  const std::optional<int> code = leader.reap();
  if (!byItself || !code) {
    co_return makeError(Code::DeadlineExceeded, call.command.front() + " did not end within " +
                                                    formatDuration(call.limit) + " and was killed");
  }
  ProgramEnd out;
  out.code = *code;
  out.output = output.text();
  out.errors = errors.text();
  co_return out;
}

}  // namespace berth::agent::network
