// Takes a spot instance out of service once EC2 has said that it takes it back.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "agent/host/instance_metadata.hpp"
#include "common/ids/random.hpp"
#include "common/log/log.hpp"

namespace berth::agent {

struct SpotAction {
  std::string action;  ///< "terminate", "stop" or "hibernate"
  std::string time;    ///< as EC2 says it, "2024-06-29T08:33:20Z"; may be empty
};

/// Of the document spot/instance-action; nullopt when it announces no interruption.
std::optional<SpotAction> parseSpotAction(std::string_view document);

/// Source: EC2 User Guide, "Spot Instance interruption notices"; agent-protocol.md, section 10.3.
class SpotWatch {
 public:
  struct Options {
    Duration interval = std::chrono::seconds(1);    ///< between two looks
    Duration firstRetry = std::chrono::seconds(1);  ///< of a call that failed; grows to ten times that
  };
  /// Takes the instance out of service. An interruption comes two minutes after its notice, so it is called
  /// again until it succeeds, whatever its error.
  using Drain = std::function<Async<Status>(std::stop_token)>;

  /// All of it must outlive the object.
  SpotWatch(InstanceMetadata& metadata, Drain drain, Random& random, Log& log, Options options)
      : metadata_(metadata), drain_(std::move(drain)), random_(random), log_(log), options_(options) {}

  /// Until `stop`, or until the instance was drained once.
  Async<void> run(std::stop_token stop);

 private:
  Async<std::optional<SpotAction>> look(std::stop_token stop);

  InstanceMetadata& metadata_;
  Drain drain_;
  Random& random_;
  Log& log_;
  Options options_;
  std::string told_;  ///< why the service could not be asked, as the log has it
};

}  // namespace berth::agent
