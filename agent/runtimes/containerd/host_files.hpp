// Files of the host that containers get, are told of, or are looked for in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
/// DATA/containers/ID/{hostname,hosts,hosts.base,resolv.conf,started} and DATA/volumes/NAME/_data.
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
  void remove(const std::string& id) const;

  std::string volumePath(const std::string& name) const { return folder_ + "/volumes/" + name + "/_data"; }
  /// InvalidArgument for a name that is none: letters, digits, "_", "." and "-", at most 255.
  Status makeVolume(const std::string& name, const std::string& description) const;
  /// What it was made with; nullopt: there is none.
  std::optional<std::string> volume(const std::string& name) const;
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

/// Processes of the group that ended because its memory was used up; by version 1's memory.oom_control, or
/// version 2's memory.events.
bool oomKilledIn(const std::string& group);
/// Version 2 alone.
bool unifiedGroups();
bool limitsSwap();
bool hasSeccomp();
/// uname's: "x86_64".
std::string machine();
std::string hostName();

}  // namespace berth::agent::containerd
