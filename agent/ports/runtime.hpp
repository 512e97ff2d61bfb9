// The container runtime as the engine sees it. Verbs are idempotent: "already so" is success.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::agent {

/// Called exactly once, later (never from inside the call that took it), on the loop's thread.
template <class T>
using Callback = std::function<void(Result<T>)>;

enum class PullBehavior { Default, Always, Once, PreferCached };

struct RegistryAuth {
  std::string username;
  std::string password;
};

/// The image of the container that holds shared namespaces. No registry has it: a pull of it makes it.
inline constexpr const char* kPauseImage = "berth/pause:1";

struct PullSpec {
  std::string image;  ///< repo[:tag][@digest]
  PullBehavior behavior = PullBehavior::Default;
  std::optional<RegistryAuth> auth;
  /// Why there are no credentials: it ends the pull, where the registry is needed.
  std::optional<Error> authFailure{};
  /// Who asks, for cancelPull, and the same at each further attempt; empty: can't be cancelled.
  std::string wantedBy{};
};

struct PullOutcome {
  std::string digest;       ///< "sha256:..." of the manifest the image now stands for; empty if unknown
  bool downloaded = false;  ///< false: the local image was already the right one
  std::string imageId{};    ///< the runtime's id of the image, "sha256:..."; empty if unknown
  int64_t bytes = 0;        ///< its size on disk, with layers that it shares with others; 0 if unknown
};

enum class PullPhase {
  Checking,     ///< the registry is asked what the name stands for
  Queued,       ///< waits for other downloads
  Downloading,  ///< at least one layer is on its way
  Extracting,   ///< all bytes are here
};

struct LayerStatus {
  std::string id;       ///< as the runtime abbreviates it: "4f4fb700ef54"
  int64_t current = 0;  ///< bytes that have arrived
  int64_t total = 0;    ///< 0: not known yet
  bool done = false;    ///< unpacked, or here already
  bool operator==(const LayerStatus&) const = default;
};

/// One image that is being made present.
struct PullStatus {
  std::string image;  ///< as it was asked for
  PullPhase phase = PullPhase::Checking;
  std::string waitingFor;  ///< for people: "2 pulls before it"; empty when it waits for nothing
  size_t wanted = 0;       ///< how many asked for it and still wait
  int64_t bytesDone = 0;   ///< of those layers whose size is known
  int64_t bytesTotal = 0;
  std::vector<LayerStatus> layers;
  WallTime since{};                      ///< asked for first
  std::optional<WallTime> lastProgress;  ///< a byte arrived, or was unpacked, or a layer changed its step
  std::optional<WallTime> deadline;      ///< it fails then, unless progress is made
};

/// An image in the runtime's store.
struct StoredImage {
  std::string id;                       ///< "sha256:..." of its configuration
  std::vector<std::string> references;  ///< REPOSITORY:TAG and REPOSITORY@DIGEST, as the runtime writes them
  int64_t bytes = 0;                    ///< on disk, with layers that it shares with others
  WallTime createdAt{};                 ///< when it was built, not when it came here
};

/// What the runtime says about whatever container uses an image, ours or not.
struct ContainerUse {
  std::string id;
  std::string imageId;
  std::string name;
  std::map<std::string, std::string> labels;
  bool stopped = false;  ///< created but never started, exited, or dead
  WallTime createdAt{};
  int64_t bytes = 0;  ///< its writable layer and its log files; 0 where sizes were not asked for
};

/// How full the file system is that holds images and containers.
struct DiskState {
  std::string path;        ///< a folder on it
  int64_t totalBytes = 0;  ///< used + available to an ordinary user, as df counts
  int64_t usedBytes = 0;
  int64_t totalInodes = 0;  ///< 0: the file system has no fixed number of them
  int64_t usedInodes = 0;
  bool operator==(const DiskState&) const = default;
};

struct PortMapping {
  uint16_t containerPort = 0;
  uint16_t hostPort = 0;  ///< 0: any free one
  std::string protocol = "tcp";
  std::string bindIp;  ///< empty: all addresses
  // Of a range of ports that is told as one; 0: a single port.
  uint16_t lastContainerPort = 0;
  uint16_t lastHostPort = 0;
  bool operator==(const PortMapping&) const = default;
};

struct Mount {
  std::string hostPath;  ///< absolute path, or the name of a runtime volume; empty: an anonymous volume
  std::string containerPath;
  bool readOnly = false;
  bool operator==(const Mount&) const = default;
};

/// Everything needed to create a container.
struct ContainerSpec {
  std::string name;  ///< unique on the runtime; creating the same name again finds the first one
  std::string image;
  std::optional<std::vector<std::string>> command;
  std::optional<std::vector<std::string>> entryPoint;
  std::map<std::string, std::string> environment;
  /// Added at the very end, if no variable of any of these names is there by then.
  std::map<std::string, std::string> fallbackEnvironment;
  std::map<std::string, std::string> labels;
  int64_t cpuShares = 0;    ///< 0: not given; the runtime's floor of 2 is applied
  int64_t memoryBytes = 0;  ///< 0: no limit; the runtime's floor of 4 MiB is applied
  std::string networkMode;  ///< "bridge", "host", "none", or networkModeOf() a task
  std::vector<PortMapping> ports;
  std::vector<Mount> mounts;
  std::vector<std::string> links;        ///< "CONTAINER:ALIAS", by the containers' names on the runtime
  std::vector<std::string> volumesFrom;  ///< "CONTAINER" or "CONTAINER:ro", likewise
  std::string cgroupParent;              ///< empty: the runtime's default
  std::string pidMode;                   ///< "host", "container:NAME" or empty
  std::string ipcMode;                   ///< "host", "none", "shareable", "container:NAME" or empty
  std::map<std::string, std::string> logOptions;  ///< beside those of dockerHostConfig, and before them
  std::string runtime;                            ///< "nvidia"; empty: the runtime's default
  std::string dockerConfig;  ///< JSON text of a Docker Engine Config, decoded over the above; may be empty
  std::string dockerHostConfig;  ///< JSON text of a Docker Engine HostConfig, likewise
  bool operator==(const ContainerSpec&) const = default;
};

/// A network that a container is attached to.
struct NetworkAddress {
  std::string network;  ///< "bridge", "host", ...
  std::string ipv4;     ///< empty: none
  std::string ipv6;
  std::string mac;
  bool operator==(const NetworkAddress&) const = default;
};

/// What is mounted into a container, whoever asked for it: its spec, its image, another container.
struct MountedVolume {
  std::string name;         ///< of a volume of the runtime; empty: a path of the host
  std::string source;       ///< where on the host it is
  std::string destination;  ///< where in the container
  bool operator==(const MountedVolume&) const = default;
};

enum class RunState { Created, Running, Exited };
enum class HealthState { None, Unknown, Healthy, Unhealthy };

/// What the runtime says about one container.
struct RuntimeContainer {
  std::string id;
  std::string name;
  std::map<std::string, std::string> labels;
  RunState state = RunState::Created;
  int64_t pid = 0;  ///< of its first process, 0 when not running
  std::optional<int> exitCode;
  bool oomKilled = false;
  std::string error;  ///< the runtime's own words, e.g. why a start failed
  std::string imageId;
  std::optional<WallTime> createdAt;
  std::optional<WallTime> startedAt;
  std::optional<WallTime> finishedAt;
  std::vector<PortMapping> ports;  ///< as bound; hostPort is never 0
  std::vector<NetworkAddress> networks;
  std::vector<MountedVolume> mounts;  ///< by their place in the container
  HealthState health = HealthState::None;
  std::string healthOutput;           ///< of the last probe, at most 1024 bytes
  std::optional<int> healthExitCode;  ///< likewise
  /// It is there, and how it is could not be read: of it, only its id and labels are known.
  bool unread = false;
};

/// A named volume of the runtime.
struct VolumeSpec {
  std::string name;
  std::string driver;  ///< empty: "local"
  std::map<std::string, std::string> options;
  std::map<std::string, std::string> labels;
  bool mustExist = false;  ///< it is somebody else's: it is not made when it is missing
  bool mustMatch = false;  ///< one that is there must have this driver, these options and labels
  bool operator==(const VolumeSpec&) const = default;
};

/// A network that the containers of one task share, with an address of the task's own.
struct TaskNetwork {
  std::string ipv4;  ///< "10.191.0.5"; each is empty when there is none
  std::string ipv6;
  std::string mac;
  std::string subnet;   ///< of IPv4: "10.191.0.0/20"
  std::string gateway;  ///< likewise: "10.191.0.1"
  std::string hostname;
  std::vector<std::string> nameServers;
  std::vector<std::string> searchDomains;
  bool operator==(const TaskNetwork&) const = default;
};

/// The network mode of a container that shares the network of the task with this id.
inline constexpr std::string_view kTaskNetworkMode = "awsvpc";
inline std::string networkModeOf(const std::string& taskId) {
  return std::string(kTaskNetworkMode) + ":" + taskId;
}

struct RuntimeInfo {
  std::string version;                      ///< "20.10.24"
  std::string apiVersion;                   ///< newest supported: "1.41"
  std::string minApiVersion;                ///< oldest supported: "1.12"
  std::vector<std::string> loggingDrivers;  ///< "json-file", "journald", ...
  std::vector<std::string> volumePlugins;   ///< beside "local"
  bool systemdGroups = false;               ///< control groups are made by systemd: parents are slices
  bool operator==(const RuntimeInfo&) const = default;
};

/// Something happened to a container. A hint only: the engine asks (inspect) for the truth.
struct RuntimeEvent {
  enum class Kind {
    ContainerChanged,  ///< `containerId` started, died, ran out of memory or changed its health
    Connected,         ///< the event stream is (again) open: events may have been missed, list everything
    Disconnected,      ///< the stream broke
  };
  Kind kind = Kind::ContainerChanged;
  std::string containerId;
  std::string detail;  ///< Disconnected: why; ContainerChanged: the action ("start", "die", ...)
};

/// A container runtime. Each call has a deadline inside the adapter; after it the callback gets
/// DeadlineExceeded ("Could not transition to <step>; timed out after waiting <duration>").
/// Other errors: NotFound (no such image or container), InvalidArgument (the spec is refused),
/// PermissionDenied (registry or image access), Unavailable (the runtime can't be reached).
/// Error messages are the runtime's own words.
class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual void info(Callback<RuntimeInfo> done) = 0;
  /// Makes the image present according to its behaviour. Pulls at the same time that turn out to be of one
  /// digest of one repository, with equal credentials, share one download; others of that digest come after
  /// it and find its layers there. Only so many downloads run at once, the others wait in their order. All
  /// attempts of one `wantedBy` have one time limit; when it is over the error is not retryable. Else a
  /// retryable error is one that another try may not meet. Messages are made for people who see
  /// "CannotPullContainerError: MESSAGE". Cancelled after cancelPull.
  virtual void pull(PullSpec spec, Callback<PullOutcome> done) = 0;
  /// Creates without starting; answers the container's id. An existing container of that name is the answer.
  virtual void create(ContainerSpec spec, Callback<std::string> done) = 0;
  /// Starts a created container and answers how it is afterwards (running, or exited already). When the
  /// answer is lost, the start takes effect within a second or never, where the runtime answers other calls;
  /// until then it may still be seen as created. (Docker takes the container's lock some milliseconds after
  /// it took the request, and inspections wait for that lock.)
  virtual void start(std::string id, Callback<RuntimeContainer> done) = 0;
  /// Sends the stop signal, after `timeout` the kill signal; answers when the container no longer runs.
  virtual void stop(std::string id, Duration timeout, Callback<RuntimeContainer> done) = 0;
  /// Removes a container and its anonymous volumes, a running one only when `force`.
  virtual void remove(std::string id, bool force, Callback<std::monostate> done) = 0;
  /// nullopt: the runtime does not know it. `idOrName` is either.
  virtual void inspect(std::string idOrName, Callback<std::optional<RuntimeContainer>> done) = 0;
  /// Every container, in any state, that carries all of `labels`. One that the runtime does not tell about is
  /// `unread`, so that it holds up no other.
  virtual void list(std::map<std::string, std::string> labels,
                    Callback<std::vector<RuntimeContainer>> done) = 0;
  /// Makes a volume; one of that name that is there already is the answer. NotFound when it must exist and
  /// does not.
  virtual void ensureVolume(VolumeSpec spec, Callback<std::monostate> done) = 0;
  /// "No such volume" is success; FailedPrecondition while a container uses it.
  virtual void removeVolume(std::string name, Callback<std::monostate> done) = 0;
  /// Makes the network of a task; one that is there already is the answer. It stays until removeNetwork(),
  /// whatever becomes of containers, and of this process. ResourceExhausted when no address is left.
  virtual void ensureNetwork(std::string taskId, Callback<TaskNetwork> done) = 0;
  /// One that is gone is success. What can't be undone now is undone later without being asked for.
  virtual void removeNetwork(std::string taskId, Callback<std::monostate> done) = 0;
  /// From now on `listener` hears of containers that carry the label key `label`. Reconnects for ever, with
  /// back-off, until the runtime object is destroyed. Call once.
  virtual void subscribe(std::string label, std::function<void(RuntimeEvent)> listener) = 0;

  /// The last lines that a container wrote, at most `lines`, each cut at 1 KiB.
  virtual void tail(std::string id, size_t lines, Callback<std::vector<std::string>> done) = 0;

  /// Whoever asked for a pull as `wantedBy` has given up: its callbacks get Cancelled. A download that nobody
  /// else wants ends; one that others want goes on. Nothing happens when there is none.
  virtual void cancelPull(const std::string& wantedBy) = 0;
  /// Every pull under way, in the order in which they were asked for.
  virtual std::vector<PullStatus> pullStatus() const = 0;
  virtual void listImages(Callback<std::vector<StoredImage>> done) = 0;
  /// Every container of the host. `sizes`: ask for ContainerUse::bytes of stopped ones too, which makes the
  /// runtime walk their files.
  virtual void listUses(bool sizes, Callback<std::vector<ContainerUse>> done) = 0;
  /// Removes all references of one image, and so the image and those of its layers that no other has. A
  /// reference that is gone is success. FailedPrecondition when a container or a pull under way needs the
  /// image: what was removed until then stays removed. A pull that comes meanwhile waits for the end.
  virtual void removeImage(StoredImage image, Callback<std::monostate> done) = 0;
  /// NotFound when the store is not on a file system of this host.
  virtual void diskState(Callback<DiskState> done) = 0;
};

}  // namespace berth::agent
