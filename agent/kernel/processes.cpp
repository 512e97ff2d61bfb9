#include "agent/kernel/processes.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <sstream>

#include "agent/kernel/kernel_file.hpp"

namespace berth::agent {
namespace {

constexpr int kDeepest = 8;  ///< of groups inside a container's own

/// Adds the processes of a group and of those below it. A group that vanishes meanwhile has none.
Status collect(const std::string& folder, int depth, std::vector<int64_t>& pids) {
  const auto text = readKernelFile(folder + "/cgroup.procs");
  if (!text && text.error().code == Code::NotFound) return {};
  if (!text) return makeError(Code::Unavailable, text.error().message);
  std::istringstream lines(*text);
  for (int64_t pid = 0; lines >> pid;) pids.push_back(pid);
  if (depth >= kDeepest) return {};
  const std::unique_ptr<DIR, int (*)(DIR*)> children(::opendir(folder.c_str()), ::closedir);
  if (!children) return {};
  while (const dirent* child = ::readdir(children.get())) {
    if (child->d_type != DT_DIR || child->d_name[0] == '.') continue;
    if (Status below = collect(folder + "/" + child->d_name, depth + 1, pids); !below) return below;
  }
  return {};
}

/// One that has ended and waits for its parent to notice lives no more.
bool isAlive(const std::string& proc, int64_t pid) {
  const auto stat = readKernelFile(proc + "/" + std::to_string(pid) + "/stat");
  if (!stat) return false;
  // The name stands in brackets and may hold anything; the state follows the last one.
  const size_t name = stat->rfind(')');
  if (name == std::string::npos || name + 2 >= stat->size()) return true;
  const char state = (*stat)[name + 2];
  return state != 'Z' && state != 'X';
}

/// By a descriptor of the process, and only while it still is of the container: its number may have gone to
/// another since it was read.
void killOne(const std::string& proc, int64_t pid, const std::string& containerId) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0));
  if (fd < 0) return;
  const auto groups = readKernelFile(proc + "/" + std::to_string(pid) + "/cgroup");
  if (groups && groups->find(containerId) != std::string::npos) {
    ::syscall(SYS_pidfd_send_signal, fd, SIGKILL, nullptr, 0);
  }
  ::close(fd);
}

}  // namespace

KernelProcesses::KernelProcesses(std::function<void(std::function<void()>)> later, KernelRoots roots)
    : later_(std::move(later)), finder_(std::move(roots)) {}

void KernelProcesses::reap(ProcessTarget target, bool kill, Callback<bool> done) {
  later_([result = reapNow(target, kill), done = std::move(done)] { done(result); });
}

void KernelProcesses::watch(const ProcessTarget& target) {
  if (target.pid <= 0 || watched_.contains(target.containerId)) return;
  std::vector<std::string> folders = finder_.foldersOf(target);
  if (!folders.empty()) watched_.emplace(target.containerId, std::move(folders));
}

Result<bool> KernelProcesses::reapNow(const ProcessTarget& target, bool kill) {
  std::vector<int64_t> pids;
  const auto watched = watched_.find(target.containerId);
  for (const std::string& folder : watched != watched_.end() ? watched->second : finder_.foldersOf(target)) {
    if (Status read = collect(folder, 0, pids); !read) return read.error();
  }
  bool left = false;
  for (const int64_t pid : pids) {
    if (!isAlive(finder_.roots().proc, pid)) continue;
    left = true;
    if (kill) killOne(finder_.roots().proc, pid, target.containerId);
  }
  if (!left) watched_.erase(target.containerId);
  return left;
}

}  // namespace berth::agent
