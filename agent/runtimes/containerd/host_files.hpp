// Files of the host that containers get, are told of, or are looked for in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/crun/programs.hpp"
#include "agent/runtimes/containerd/container_wish.hpp"
#include "agent/runtimes/containerd/containerd_api.hpp"
#include "agent/runtimes/containerd/oci_spec.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::agent::containerd {

/// What a container's files are before it runs, without mounting them: the folders that its mounts are made
/// of, from the uppermost. Links are followed within one folder only.
class RootView {
 public:
  explicit RootView(const std::vector<SnapshotMount>& mounts);

  /// At most 1 MiB of it; nullopt when there is none.
  std::optional<std::string> read(const std::string& path) const;
  /// Whether it is a folder with something in it.
  bool hasEntries(const std::string& path) const;

 private:
  std::vector<std::string> folders_;
};

/// "USER[:GROUP]", names or numbers, by the texts of /etc/passwd and /etc/group; empty is root.
/// InvalidArgument for a name that the files do not have.
Result<UserIds> userIds(const std::string& user, const std::vector<std::string>& moreGroups,
                        std::string_view passwd, std::string_view group);

/// The folder of what the agent keeps of containers:
/// DATA/containers/ID/{hostname,hosts,hosts.base,resolv.conf,started,shm,ns-pid,ns-ipc} and
/// DATA/volumes/NAME/_data.
class HostFiles {
 public:
  explicit HostFiles(std::string folder) : folder_(std::move(folder)) {}

  /// Makes what a container finds at /etc/hostname, /etc/hosts and /etc/resolv.conf.
  Result<std::vector<Bind>> prepare(const std::string& id, const ContainerWish& wish,
                                    const std::string& hostname) const;
  /// Makes /etc/hosts anew: as it was prepared, and `lines` behind it. A running container sees it at once.
  Status addHosts(const std::string& id, const std::string& lines) const;
  /// Remembers, until the next start of the host's file system, that a container was started now.
  Status markStarted(const std::string& id) const;
  void unmarkStarted(const std::string& id) const;
  std::optional<WallTime> startedAt(const std::string& id) const;
  /// What containers of a task have as their /dev/shm: a file system of its own in the folder of the one that
  /// lends it, from before its start until remove(). Success when it is there already.
  Status makeSharedMemory(const std::string& id, int64_t bytes) const;
  std::string sharedMemory(const std::string& id) const { return at(id) + "/shm"; }
  /// Keeps namespaces of a process at namespacePath(), in place of those that were there; until remove().
  Status keepNamespaces(const std::string& id, int64_t pid) const;
  /// `kind`: "pid" or "ipc".
  std::string namespacePath(const std::string& id, const std::string& kind) const {
    return at(id) + "/ns-" + kind;
  }
  void remove(const std::string& id) const;

  std::string volumePath(const std::string& name) const { return folder_ + "/volumes/" + name + "/_data"; }
  /// InvalidArgument for a name that is none: letters, digits, "_", "." and "-", at most 255.
  Status makeVolume(const std::string& name, const std::string& description) const;
  /// What it was made with; nullopt: there is none.
  std::optional<std::string> volume(const std::string& name) const;
  /// One whose description has options that say what is to be mounted; others are ready as they are.
  Status readyVolume(const std::string& name) const;
  Status removeVolume(const std::string& name) const;

 private:
  std::string at(const std::string& id) const { return folder_ + "/containers/" + id; }
  std::string volumeFolder(const std::string& name) const { return folder_ + "/volumes/" + name; }

  std::string folder_;
};

/// The text of the host's resolv.conf without name servers that only the host itself reaches, as are those on
/// loopback. `direct`: the text that systemd-resolved keeps for others; used where nothing would be left.
std::string resolverWithoutLoopback(std::string_view host, std::string_view direct);

/// What containers ask for names where nothing else is said: the host's, by the same rule.
struct Resolver {
  std::vector<std::string> servers;
  std::vector<std::string> searchDomains;
};
Resolver hostResolver();

/// The device node; InvalidArgument when it is none.
Result<HostDevice> hostDevice(const DeviceWish& wish);
/// Every device node below /dev, but those that a container has of its own.
std::vector<HostDevice> allHostDevices();

/// An init without libraries: Debian's tini, by whatever name, that a container's files can do nothing to.
/// FailedPrecondition naming the package where there is none.
Result<std::string> initProgram();
bool hasAppArmor();
/// Processes of the group that ended because its memory was used up; by version 1's memory.oom_control, or
/// version 2's memory.events.
bool oomKilledIn(const std::string& group);
/// Version 2 alone.
bool unifiedGroups();
/// What starts containers where nothing is said: the path of crun if it is installed; on a host with control
/// groups of version 1 and the unified hierarchy beside them that of `wrapper`, as crun refuses to see both
/// (agent/crun). "runc" where that is not there. `groups`: where control groups are mounted; `folders`: where
/// crun is looked for.
std::string usualOciRuntime(const std::string& wrapper, const std::string& groups = "/sys/fs/cgroup",
                            const std::vector<std::string>& folders = crun::kFolders);
/// The path of berth-crun, beside the running program.
std::string ownCrun();
bool limitsSwap();
bool hasSeccomp();
/// uname's: "x86_64".
std::string machine();
std::string hostName();

}  // namespace berth::agent::containerd
