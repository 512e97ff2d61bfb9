// The part of the Docker Engine API (1.24 and newer) that Berth reads, as values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/time/clock.hpp"

namespace berth::docker {

/// GET /version.
struct Version {
  std::string version;        ///< "20.10.24"
  std::string apiVersion;     ///< "1.41"
  std::string minApiVersion;  ///< "1.12"
};

/// GET /info.
struct SystemInfo {
  std::vector<std::string> loggingDrivers;
  std::vector<std::string> volumePlugins;  ///< "local" among them
  std::string cgroupDriver;                ///< "cgroupfs" or "systemd"
  std::string rootDir;                     ///< "/var/lib/docker"
};

/// One published port of a container.
struct PortBinding {
  uint16_t containerPort = 0;
  std::string protocol;  ///< "tcp", "udp", "sctp"
  std::string hostIp;    ///< "0.0.0.0", "::"
  uint16_t hostPort = 0;
  bool operator==(const PortBinding&) const = default;
};

struct Health {
  std::string status;           ///< "none", "starting", "healthy", "unhealthy"
  std::string output;           ///< of the last probe
  std::optional<int> exitCode;  ///< likewise; nullopt: there was none
};

/// One of a container's networks.
struct Network {
  std::string name;
  std::string ipv4;  ///< empty: none, or not running
  std::string ipv6;
  std::string mac;
  bool operator==(const Network&) const = default;
};

/// What is mounted into a container.
struct MountPoint {
  std::string name;         ///< of a volume; empty: a path of the host
  std::string source;       ///< where on the host it is
  std::string destination;  ///< where in the container
  bool operator==(const MountPoint&) const = default;
};

/// GET /containers/ID/json.
struct ContainerInspect {
  std::string id;
  std::string name;  ///< without the leading '/'
  std::map<std::string, std::string> labels;
  std::string status;  ///< "created", "running", "paused", "restarting", "removing", "exited", "dead"
  int64_t pid = 0;
  int exitCode = 0;
  bool oomKilled = false;
  std::string error;
  std::optional<WallTime> startedAt;   ///< nullopt: never
  std::optional<WallTime> finishedAt;  ///< nullopt: never
  std::optional<Health> health;
  std::vector<PortBinding> ports;
  std::string imageId;
  std::optional<WallTime> created;
  std::vector<Network> networks;
  std::vector<MountPoint> mounts;  ///< also those that no spec names: of the image, and of other containers
  bool tty = false;                ///< it has a terminal
  std::string logDriver;           ///< "json-file"
};

/// POST /containers/ID/exec.
struct ExecSpec {
  std::vector<std::string> command;
  std::string user;  ///< empty: the container's own
  bool tty = false;
  bool input = false;
};

/// GET /exec/ID/json.
struct ExecState {
  bool running = false;
  int64_t pid = 0;              ///< as the engine sees it; 0: not started
  std::optional<int> exitCode;  ///< nullopt: none yet
};

/// GET /images/NAME/json.
struct ImageInspect {
  std::string id;                        ///< "sha256:..." of the image's configuration
  std::vector<std::string> repoDigests;  ///< "127.0.0.1:5000/web@sha256:..."
  int64_t size = 0;                      ///< bytes, shared layers included
};

/// One image of GET /images/json.
struct ImageSummary {
  std::string id;
  std::vector<std::string> repoTags;     ///< without "<none>:<none>"
  std::vector<std::string> repoDigests;  ///< without "<none>@<none>"
  int64_t size = 0;                      ///< bytes, shared layers included
  WallTime created{};
};

/// One container of GET /containers/json.
struct ContainerSummary {
  std::string id;
  std::string name;  ///< the first one, without the leading '/'
  std::string imageId;
  std::map<std::string, std::string> labels;
  std::string state;  ///< "created", "running", "exited", ...
  WallTime created{};
  int64_t sizeRw = 0;  ///< bytes of its writable layer; 0 unless asked for with size=1
};

/// POST /volumes/create.
struct Volume {
  std::string name;
  std::string driver;  ///< empty: "local"
  std::map<std::string, std::string> options;
  std::map<std::string, std::string> labels;
};

/// One line of GET /events.
struct Event {
  std::string type;    ///< "container"
  std::string action;  ///< "start", "health_status: healthy"
  std::string id;
};

/// One line of POST /images/create.
struct PullProgress {
  std::string status;   ///< "Downloading"
  std::string id;       ///< of the layer, abbreviated; "latest" or the like in lines about the whole image
  int64_t current = 0;  ///< bytes of this step; also of "Extracting", where they are compressed ones
  int64_t total = 0;    ///< 0: not given
  std::string error;    ///< not empty: the pull has failed
};

}  // namespace berth::docker
