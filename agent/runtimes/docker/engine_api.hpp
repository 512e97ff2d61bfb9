// The calls of the Docker Engine API that the runtime is made of, with their deadlines and errors.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/ports/runtime.hpp"
#include "agent/runtimes/docker/engine_stream.hpp"
#include "agent/runtimes/docker/image_engine.hpp"
#include "agent/streams/container_streams.hpp"
#include "common/async/async.hpp"
#include "common/http/client.hpp"
#include "proto/docker/image_reference.hpp"
#include "proto/docker/messages.hpp"

namespace berth::agent {

/// How long each call may take before it fails with DeadlineExceeded.
struct DockerDeadlines {
  Duration info = std::chrono::seconds(10);
  Duration create = std::chrono::minutes(4);
  Duration start = std::chrono::minutes(3);
  Duration stopGrace = std::chrono::minutes(2);  ///< beyond the time that the container is given
  Duration inspect = std::chrono::seconds(30);
  /// Of one container among many: it is asked for once more, by itself.
  Duration inspectInList = std::chrono::seconds(5);
  Duration remove = std::chrono::minutes(5);
  Duration list = std::chrono::minutes(10);
  Duration volume = std::chrono::minutes(5);
  Duration digest = std::chrono::minutes(1);
  Duration tail = std::chrono::seconds(30);
  Duration tag = std::chrono::seconds(30);
  Duration removeImage = std::chrono::minutes(3);
};

/// Speaks the newest API version that both sides know; the engine is asked for its own at the first call.
/// Errors are those of the Runtime port. Must outlive its coroutines; `stop` ends them with Cancelled.
class EngineApi final : public ImageEngine {
 public:
  EngineApi(http::Client& client, std::string socket, DockerDeadlines deadlines, std::stop_token stop);

  /// For calls from now on.
  void reconfigure(DockerDeadlines deadlines) { deadlines_ = deadlines; }

  /// Asks for the engine's version, and speaks accordingly from now on. FailedPrecondition for an engine
  /// older than API 1.24.
  Async<Result<docker::Version>> negotiate();
  Async<Result<docker::SystemInfo>> info();

  /// AlreadyExists when the name is taken.
  Async<Result<std::string>> createContainer(std::string name, std::string body);
  Async<Status> startContainer(std::string id);
  Async<Status> stopContainer(std::string id, Duration timeout);
  Async<Status> removeContainer(std::string id, bool force);
  Async<Result<std::optional<docker::ContainerInspect>>> inspectContainer(std::string idOrName,
                                                                          bool inList = false);
  /// Those that carry all of `labels`.
  Async<Result<std::vector<docker::ContainerSummary>>> labelledContainers(
      std::map<std::string, std::string> labels);

  /// One of that name and driver that is there already is success.
  Async<Status> createVolume(std::string body);
  /// NotFound when there is none of that name.
  Async<Result<docker::Volume>> inspectVolume(std::string name);
  /// None of that name is success; FailedPrecondition while a container uses it.
  Async<Status> removeVolume(std::string name);

  Async<Result<std::optional<docker::ImageInspect>>> inspectImage(std::string image) override;
  /// Unimplemented before API 1.30.
  Async<Result<std::string>> registryDigest(std::string image, docker::ImageReference reference,
                                            std::optional<RegistryAuth> auth) override;
  /// When it is stopped, the engine gives up what it does for nobody else.
  Async<Status> pullImage(docker::ImageReference reference, std::optional<RegistryAuth> auth,
                          std::function<void(const docker::PullProgress&)> onProgress,
                          std::stop_token stop) override;
  Async<Status> tagImage(std::string source, docker::ImageReference name) override;
  /// Makes an image of a tar archive of its files; `program` is what it runs.
  Async<Status> importImage(docker::ImageReference name, std::string archive, std::string program);
  Async<Result<std::vector<docker::ImageSummary>>> listImages();
  /// Every container. `sizes`: stopped ones only, with the sizes of their writable layers.
  Async<Result<std::vector<docker::ContainerSummary>>> listContainers(bool sizes);
  Async<Status> removeImage(std::string reference) override;
  bool isRefusal(const Error&) const override { return false; }

  /// The last lines that the container wrote, oldest first. FailedPrecondition and the like where its log
  /// driver keeps nothing that can be read.
  Async<Result<std::vector<std::string>>> tail(std::string id, size_t lines);

  /// Makes a command ready to run: its id. FailedPrecondition when the container does not run.
  Async<Result<std::string>> createExec(std::string container, docker::ExecSpec spec);
  /// Runs it: a connection with its input and output.
  Async<Result<std::shared_ptr<EngineStream>>> startExec(std::string exec, bool tty);
  Async<Status> resizeExec(std::string exec, streams::TerminalSize size);
  Async<Result<docker::ExecState>> inspectExec(std::string exec);
  /// What the container has written, with times.
  Async<Result<std::shared_ptr<EngineStream>>> logs(LogSpec spec);

  /// Calls `onEvent` for those of `actions` ("health_status" for each change of health) that happen to
  /// containers that carry the label key, from `since` on, until the stream ends; always an Error then.
  Async<Error> events(std::string label, std::vector<std::string> actions, WallTime since,
                      std::function<void(docker::Event)> onEvent);

 private:
  struct Exchange {
    std::string method;
    std::string path;
    std::string step;  ///< in the text of a DeadlineExceeded
    Duration deadline{0};
    http::Query query{};
    http::Headers headers{};
    std::string body{};
    bool fresh = false;  ///< on a connection of its own
    std::function<bool(std::string_view)> onBody{};
    std::stop_token stop{};  ///< beside that of the whole
  };

  /// Any status is an answer.
  Async<Result<http::Response>> send(Exchange exchange);
  /// Statuses of 400 and more are errors.
  Async<Result<http::Response>> call(Exchange exchange);
  Async<Result<http::Response>> transmit(Exchange exchange, std::string prefix);
  /// The path in the version in use.
  Async<Result<std::string>> versioned(std::string path);
  Error failure(const Exchange& exchange, const Error& error) const;

  http::Client& client_;
  std::string socket_;
  DockerDeadlines deadlines_;
  std::stop_token stop_;
  int minor_ = 0;  ///< of the API version 1.N in use; 0: not negotiated yet
};

}  // namespace berth::agent
