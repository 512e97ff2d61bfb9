// The steps of a task's start, as the runner and the runtimes see them pass.
#pragma once

#include <functional>
#include <string>

namespace berth::agent {

/// From the payload to the controller's word that it has heard of RUNNING, in the order in which they mostly
/// come. Those of one container are ImageKnown to Started; the others are the task's.
enum class StartStep {
  Received,      ///< its payload was read
  Admitted,      ///< the host has room for it
  Persisted,     ///< it is in the store, and its payload is acknowledged
  SetUp,         ///< what its containers share is there
  ImageKnown,    ///< the image is there, by its digest
  Snapshot,      ///< the container's file system is made (containerd)
  Created,       ///< the runtime has the container
  Intended,      ///< that it is about to be started is in the store
  Network,       ///< its network is there (containerd)
  ShimUp,        ///< its shim runs, and the OCI runtime has made the process (containerd)
  Started,       ///< the process runs
  Queued,        ///< the report of RUNNING is due
  Sent,          ///< it was given to the session
  Acknowledged,  ///< the controller has it
};

/// Hears of a step of the container that the runtime calls `name`.
using StartListener = std::function<void(const std::string& name, StartStep step)>;

}  // namespace berth::agent
