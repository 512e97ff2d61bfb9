#include "agent/kernel/task_groups.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>

namespace berth::agent {
namespace {

constexpr const char* kFolder = "/ecs";

Error systemError(const std::string& what) {
  return makeError(Code::Unavailable, what + ": " + std::strerror(errno));
}

Status makeFolder(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return systemError("can't make " + path);
}

Status writeFile(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return systemError("can't open " + path);
  const ssize_t written = ::write(fd, text.data(), text.size());
  Status status;
  if (written != static_cast<ssize_t>(text.size()))
    status = systemError("can't write " + text + " to " + path);
  ::close(fd);
  return status;
}

bool hasFile(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

/// Writes where the controller has the file; its absence means that this is another controller.
Status set(const std::string& folder, const char* file, const std::string& text) {
  const std::string path = folder + "/" + file;
  return hasFile(path) ? writeFile(path, text) : Status();
}

int64_t quotaOf(const GroupLimits& limits, int64_t period) {
  return std::llround(limits.cpus * static_cast<double>(period));
}

Status limitVersion1(const std::string& folder, const GroupLimits& limits, int64_t period) {
  if (limits.cpus > 0) {
    if (Status s = set(folder, "cpu.cfs_period_us", std::to_string(period)); !s) return s;
    if (Status s = set(folder, "cpu.cfs_quota_us", std::to_string(quotaOf(limits, period))); !s) return s;
  } else if (limits.shares > 0) {
    if (Status s = set(folder, "cpu.shares", std::to_string(limits.shares)); !s) return s;
  }
  if (limits.memoryBytes > 0) {
    if (Status s = set(folder, "memory.limit_in_bytes", std::to_string(limits.memoryBytes)); !s) return s;
  }
  if (limits.pids > 0) {
    if (Status s = set(folder, "pids.max", std::to_string(limits.pids)); !s) return s;
  }
  return {};
}

Status limitVersion2(const std::string& folder, const GroupLimits& limits, int64_t period) {
  if (limits.cpus > 0) {
    const std::string max = std::to_string(quotaOf(limits, period)) + " " + std::to_string(period);
    if (Status s = set(folder, "cpu.max", max); !s) return s;
  } else if (limits.shares > 0) {
    if (Status s = set(folder, "cpu.weight", std::to_string(cpuWeightOf(limits.shares))); !s) return s;
  }
  if (limits.memoryBytes > 0) {
    if (Status s = set(folder, "memory.max", std::to_string(limits.memoryBytes)); !s) return s;
  }
  if (limits.pids > 0) {
    if (Status s = set(folder, "pids.max", std::to_string(limits.pids)); !s) return s;
  }
  return {};
}

/// A new cpuset group of version 1 holds nothing, and no process can enter it before it does.
Status inheritCpuset(const std::string& root, const std::string& folder) {
  for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
    if (!hasFile(folder + file)) continue;
    char text[4096];
    const int fd = ::open((root + file).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return systemError("can't open " + root + file);
    const ssize_t length = ::read(fd, text, sizeof text);
    ::close(fd);
    if (length <= 0) return systemError("can't read " + root + file);
    if (Status s = writeFile(folder + file, std::string(text, static_cast<size_t>(length))); !s) return s;
  }
  return {};
}

Status makeVersion1(const std::string& root, const std::string& taskId, const GroupLimits& limits,
                    int64_t period) {
  const std::string parent = root + kFolder;
  const std::string folder = parent + "/" + taskId;
  if (Status made = makeFolder(parent); !made) return made;
  if (Status set = inheritCpuset(root, parent); !set) return set;
  if (Status made = makeFolder(folder); !made) return made;
  if (Status set = inheritCpuset(parent, folder); !set) return set;
  return limitVersion1(folder, limits, period);
}

Status makeVersion2(const std::string& root, const std::string& taskId, const GroupLimits& limits,
                    int64_t period) {
  const std::string parent = root + kFolder;
  for (const std::string& above : {root, parent}) {
    if (Status made = makeFolder(above); !made) return made;
    for (const char* controller : {"+cpu", "+memory", "+pids", "+io", "+cpuset"}) {
      // A controller that the kernel lacks is missed when its limit is written.
      (void)writeFile(above + "/cgroup.subtree_control", controller);
    }
  }
  const std::string folder = parent + "/" + taskId;
  if (Status made = makeFolder(folder); !made) return made;
  for (const char* controller : {"+cpu", "+memory", "+pids", "+io", "+cpuset"}) {
    (void)writeFile(folder + "/cgroup.subtree_control", controller);
  }
  return limitVersion2(folder, limits, period);
}

Status removeFolder(const std::string& path) {
  if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return {};
  if (errno == EBUSY || errno == ENOTEMPTY) {
    return makeError(Code::FailedPrecondition, "control group " + path + " is still in use");
  }
  return systemError("can't remove " + path);
}

}  // namespace

int64_t cpuWeightOf(int64_t shares) { return 1 + ((shares - 2) * 9999) / 262142; }

TaskGroups::TaskGroups(KernelRoots roots, Duration period)
    : finder_(std::move(roots)),
      periodMicros_(std::chrono::duration_cast<std::chrono::microseconds>(period).count()) {}

Result<std::string> TaskGroups::make(const std::string& taskId, const GroupLimits& limits) const {
  const std::string& root = finder_.roots().cgroup;
  if (finder_.unifiedOnly()) {
    if (Status made = makeVersion2(root, taskId, limits, periodMicros_); !made) return made.error();
  } else {
    for (const std::string& controller : finder_.controllers()) {
      if (Status made = makeVersion1(root + "/" + controller, taskId, limits, periodMicros_); !made)
        return made.error();
    }
  }
  return std::string(kFolder) + "/" + taskId;
}

Status TaskGroups::remove(const std::string& taskId) const {
  const std::string& root = finder_.roots().cgroup;
  std::vector<std::string> hierarchies{root};
  if (!finder_.unifiedOnly()) {
    hierarchies.clear();
    for (const std::string& name : finder_.controllers()) hierarchies.push_back(root + "/" + name);
    // Docker makes the parent there as well.
    hierarchies.push_back(root + "/systemd");
    hierarchies.push_back(root + "/unified");
  }
  for (const std::string& hierarchy : hierarchies) {
    if (Status removed = removeFolder(hierarchy + kFolder + "/" + taskId); !removed) return removed;
  }
  return {};
}

}  // namespace berth::agent
