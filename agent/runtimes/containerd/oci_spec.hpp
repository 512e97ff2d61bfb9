// The OCI runtime specification of a container, made of values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/runtimes/containerd/container_wish.hpp"
#include "agent/runtimes/containerd/seccomp_filter.hpp"
#include "common/result/result.hpp"

namespace berth::agent::containerd {

/// What an image's configuration says of containers made from it.
struct ImageDefaults {
  std::vector<std::string> entryPoint;
  std::vector<std::string> command;
  std::vector<std::string> environment;
  std::string user;
  std::string workingDir;
  std::string stopSignal;
};

struct UserIds {
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::vector<uint32_t> groups;  ///< beside gid
};

/// A device node of the host.
struct HostDevice {
  std::string path;  ///< in the container
  char type = 'c';
  int64_t major = 0;
  int64_t minor = 0;
  uint32_t mode = 0;  ///< permission bits
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::string access = "rwm";
};

/// What else a specification depends on: of the host, and of what the adapter has resolved.
struct SpecSite {
  std::string id;
  std::string hostname;  ///< in the container
  UserIds user;
  std::vector<Bind> mounts;  ///< paths of the host
  std::vector<HostDevice> devices;
  std::string init;              ///< the program that a wish for an init is met by, on the host
  std::string sharedMemory;      ///< the folder that is its /dev/shm; empty: it gets its own
  std::string pidNamespace;      ///< the path of another container's; empty: its own, or the host's
  std::string ipcNamespace;      ///< likewise
  std::string networkNamespace;  ///< the path of the container's; empty: the OCI runtime makes one, if any
  std::string machine;           ///< uname's: "x86_64"
  bool unified = false;          ///< control groups are of version 2
  bool limitsSwap = false;       ///< the kernel has limits of swap
  bool withSeccomp = true;       ///< the kernel has filters
  SeccompFilters* filters = nullptr;  ///< makes filters for an OCI runtime that takes finished ones
  std::string shimGroup;              ///< containers of one name share a shim; empty: it has one of its own
};

/// The signal that asks a container to stop: "SIGTERM", "TERM", "15" or empty, which is SIGTERM; nullopt for
/// what is none.
std::optional<uint32_t> signalNumber(std::string_view name);

/// What the container runs; InvalidArgument when neither it nor its image says.
Result<std::vector<std::string>> argumentsOf(const ContainerWish& wish, const ImageDefaults& image);

/// "/PARENT/ID" below each hierarchy's root; "/berth/ID" without a parent.
std::string groupPathOf(const ContainerWish& wish, const std::string& id);

/// JSON of the specification (version 1.0.2), whose root is the bundle's "rootfs". Privileges follow Docker's
/// defaults. InvalidArgument, naming it, for an unknown capability, limit or tmpfs option.
Result<std::string> ociSpec(const ContainerWish& wish, const ImageDefaults& image, const SpecSite& site);

/// A command beside a container's first, which it is like but for this.
struct CommandWish {
  std::vector<std::string> command;
  std::optional<UserIds> user;  ///< nullopt: the container's own
  bool terminal = false;
};

/// JSON of the "process" of a command, by the container's specification. DataLoss when that can't be read.
Result<std::string> commandSpec(const std::string& containerSpec, const CommandWish& wish);

}  // namespace berth::agent::containerd
