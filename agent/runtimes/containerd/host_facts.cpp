// What the host has: devices, programs, and what its kernel can do.
#include <elf.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "agent/kernel/kernel_file.hpp"
#include "agent/runtimes/containerd/host_files.hpp"
#include "common/files/own_fd.hpp"
#include "common/text/keyed_numbers.hpp"

namespace berth::agent::containerd {
namespace {

namespace fs = std::filesystem;

std::optional<HostDevice> deviceAt(const std::string& path) {
  struct stat found = {};
  if (::stat(path.c_str(), &found) != 0 || !(S_ISCHR(found.st_mode) || S_ISBLK(found.st_mode)))
    return std::nullopt;
  HostDevice out;
  out.path = path;
  out.type = S_ISCHR(found.st_mode) ? 'c' : 'b';
  out.major = major(found.st_rdev);
  out.minor = minor(found.st_rdev);
  out.mode = found.st_mode & 0777;
  out.uid = found.st_uid;
  out.gid = found.st_gid;
  return out;
}

/// Whether it is a program that the kernel starts without another file's help.
bool standsAlone(const std::string& path) {
  const OwnFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Elf64_Ehdr head = {};
  if (!file || ::pread(file.get(), &head, sizeof head, 0) != sizeof head) return false;
  if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof(Elf64_Phdr)) return false;
  for (int i = 0; i < head.e_phnum; ++i) {
    Elf64_Phdr part = {};
    const auto at = static_cast<off_t>(head.e_phoff + static_cast<size_t>(i) * sizeof part);
    if (::pread(file.get(), &part, sizeof part, at) != sizeof part || part.p_type == PT_INTERP) return false;
  }
  return true;
}

}  // namespace

Result<HostDevice> hostDevice(const DeviceWish& wish) {
  auto found = deviceAt(wish.hostPath);
  if (!found) return makeError(Code::InvalidArgument, wish.hostPath + " is not a device of the host");
  found->path = wish.containerPath;
  found->access = wish.permissions;
  return *found;
}

std::vector<HostDevice> allHostDevices() {
  std::vector<HostDevice> out;
  std::error_code fault;
  fs::recursive_directory_iterator entries("/dev", fault);
  for (; entries != fs::recursive_directory_iterator(); entries.increment(fault)) {
    const std::string path = entries->path().string();
    const std::string name = entries->path().filename().string();
    if (name == "pts" || name == "shm" || name == "fd" || name == "mqueue" || name == "console") {
      entries.disable_recursion_pending();
      continue;
    }
    if (entries->is_symlink(fault)) continue;
    if (auto device = deviceAt(path)) out.push_back(std::move(*device));
  }
  return out;
}

Result<std::string> initProgram() {
  for (const char* path :
       {"/usr/bin/tini-static", "/usr/bin/docker-init", "/usr/libexec/docker/docker-init"}) {
    if (standsAlone(path)) return std::string(path);
  }
  return makeError(Code::FailedPrecondition,
                   "linuxParameters.initProcessEnabled needs an init on the host: install the package tini");
}

bool hasAppArmor() {
  const auto text = readKernelFile("/sys/module/apparmor/parameters/enabled");
  return text && text->starts_with("Y");
}

bool oomKilledIn(const std::string& group) {
  const std::string root = "/sys/fs/cgroup";
  const std::string file =
      unifiedGroups() ? root + group + "/memory.events" : root + "/memory" + group + "/memory.oom_control";
  const auto text = readKernelFile(file);
  if (!text) return false;
  const auto numbers = parseKeyedNumbers(*text);
  const auto killed = numbers ? numbers->find("oom_kill") : std::map<std::string, uint64_t>::const_iterator();
  return numbers && killed != numbers->end() && killed->second > 0;
}

bool unifiedGroups() { return ::access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0; }

std::string usualOciRuntime(const std::string& wrapper, const std::string& groups,
                            const std::vector<std::string>& folders) {
  const std::string found = crun::find(folders);
  const auto has = [&](const char* file) { return ::access((groups + file).c_str(), F_OK) == 0; };
  const bool both = !has("/cgroup.controllers") && has("/unified/cgroup.controllers");
  if (!found.empty() && !both) return found;
  return !found.empty() && ::access(wrapper.c_str(), X_OK) == 0 ? wrapper : "runc";
}

std::string ownCrun() {
  std::error_code fault;
  const fs::path self = fs::read_symlink("/proc/self/exe", fault);
  return self.parent_path() / "berth-crun";
}

bool limitsSwap() {
  // The root group of version 2 has no such file; where there is memory control, there is that of swap.
  return unifiedGroups() || ::access("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes", F_OK) == 0;
}

bool hasSeccomp() { return ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0; }

std::string machine() {
  utsname name = {};
  return ::uname(&name) == 0 ? name.machine : "";
}

std::string hostName() {
  utsname name = {};
  return ::uname(&name) == 0 ? name.nodename : "localhost";
}

}  // namespace berth::agent::containerd
