// Blobs on their way from registries into containerd's store, for all pulls of the host.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/layers/parcel.hpp"
#include "agent/runtimes/containerd/containerd_api.hpp"
#include "agent/runtimes/containerd/registry.hpp"
#include "agent/runtimes/docker/downloads.hpp"
#include "common/async/blocking_pool.hpp"
#include "common/async/event.hpp"
#include "common/ids/random.hpp"

namespace berth::agent::containerd {

struct BlobLimits {
  size_t atOnce = 4;                 ///< downloads; 0 counts as 1
  int64_t bytes = int64_t{4} << 30;  ///< of all of them; one alone may be larger
};

/// One download for each digest, whoever wants it. They begin in the order in which they are asked for, as
/// the limits allow. Errors of a download: those of fetchBlob, and DataLoss for content that is not what its
/// digest says.
class Blobs {
 public:
  struct Parts {
    Api& api;
    Random& random;
    Log& log;
    std::string folder;  ///< where blobs lie if they can't lie in containerd's store
  };

  /// One who wants a blob.
  struct Wish {
    Descriptor blob;
    std::string lease;
    std::map<std::string, std::string> labels;
    std::shared_ptr<Repository> from;
    std::function<void(size_t)> onBytes;  ///< so many have come; may be empty
    Event changed;
    /// The blob as it comes, once it does, or as it lies in the store; nullptr where that can't be seen.
    std::shared_ptr<layers::Parcel> parcel{};
    std::optional<Status> result{};

   private:
    friend class Blobs;
    std::optional<Status> arrived_;  ///< how the download ended that it takes part in
    Event wake_;
  };
  using WishPtr = std::shared_ptr<Wish>;

  /// Everything must outlive what `launch` starts.
  Blobs(Parts parts, BlobLimits limits, Launch launch);
  ~Blobs();
  Blobs(const Blobs&) = delete;
  Blobs& operator=(const Blobs&) = delete;

  void reconfigure(BlobLimits limits) { limits_ = limits; }

  /// Brings the blob into the store and under the lease. `changed` is set when there is a parcel, and when
  /// there is a result.
  Async<void> bring(WishPtr wish, std::stop_token stop);

  /// For what blocks. Cancelled, without a call, after close().
  template <class Fn>
  Async<std::invoke_result_t<Fn&>> block(Fn fn) {
    if (closed_) co_return makeError(Code::Cancelled, "the runtime is being closed");
    if (!pool_) pool_.emplace(kThreads);
    co_return co_await pool_->run(std::move(fn));
  }
  /// Ends what blocks, and waits for it.
  void close();

 private:
  struct Arrival;
  using ArrivalPtr = std::shared_ptr<Arrival>;

  Async<Status> fromStore(WishPtr wish);
  Async<Status> download(WishPtr wish, std::stop_token stop);
  Async<void> run(ArrivalPtr arrival, WishPtr first);
  Async<Status> fetch(ArrivalPtr arrival, std::shared_ptr<Repository> from);
  Async<Status> keep(ArrivalPtr arrival, WishPtr wish);
  Async<std::string> storeFolder();
  void settle(const ArrivalPtr& arrival, Status result);
  void startNext();
  static bool brings(const Arrival& arrival, const std::string& digest);

  Parts parts_;
  BlobLimits limits_;
  Launch launch_;
  /// What is read while it comes is hashed and unpacked: two for each download of the default.
  static constexpr size_t kThreads = 8;
  std::optional<BlockingPool> pool_;  ///< once it is needed
  bool closed_ = false;
  std::list<ArrivalPtr> arrivals_;    ///< in the order in which they were asked for
  std::optional<std::string> store_;  ///< the folder of the content store; empty: it can't be seen
};

}  // namespace berth::agent::containerd
