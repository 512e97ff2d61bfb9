// A blob from a registry, in spite of connections that break or stall.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "agent/layers/parcel.hpp"
#include "agent/runtimes/containerd/registry.hpp"
#include "common/async/async.hpp"
#include "common/ids/random.hpp"

namespace berth::agent::containerd {

/// Fills `parcel`. What arrived stays when a connection is cut; the rest is asked for by ranges, or, of a
/// registry that has none, by the whole once more. Tries that bring nothing follow each other with growing
/// pauses; the fifth fails with the reason of the last. `onBytes` hears how many came. Errors: Repository's,
/// Parcel's, Unavailable for a blob that is shorter than its manifest says, DataLoss for one that is longer.
Async<Status> fetchBlob(std::shared_ptr<Repository> from, std::string digest,
                        std::shared_ptr<layers::Parcel> parcel, Random& random,
                        std::function<void(size_t)> onBytes, std::stop_token stop);

}  // namespace berth::agent::containerd
