// How often who may ask: a token bucket for each pair of caller and path, as amazon-ecs-agent has it, in
// bounded memory, and a brake for callers that go on asking.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

#include "common/time/clock.hpp"

namespace berth::agent::endpoints {

struct RateOptions {
  double perSecond = 40;  ///< ECS_TASK_METADATA_RPS_LIMIT
  double burst = 60;
  size_t mostPeers = 4096;         ///< callers with buckets of their own; the rest share one set
  size_t mostPaths = 1024;         ///< of one caller; its other paths share one bucket
  double refusalsPerSecond = 100;  ///< answered at once, of one caller; beyond, it has to wait for them
  double refusalBurst = 200;
};

/// Safe to call from any thread.
class RateLimit {
 public:
  enum class Verdict {
    Serve,
    Refuse,       ///< too often: say so
    RefuseLater,  ///< so often that saying so costs others: let it wait, and then say so
  };

  explicit RateLimit(RateOptions options = {}) : options_(options) {}

  Verdict take(const std::string& address, const std::string& path, MonoTime now);

  /// Rates from now on.
  void reconfigure(RateOptions options);
  RateOptions options() const;
  /// Buckets that are kept.
  size_t size() const;

 private:
  struct Bucket {
    double used = 0;  ///< tokens taken and not yet grown again; nothing used is the same as no bucket
    MonoTime at{};
  };
  struct Peer {
    std::unordered_map<std::string, Bucket> paths;
    Bucket otherPaths;
    Bucket refusals;
    MonoTime last{};
  };

  static bool spend(Bucket& bucket, double perSecond, double burst, MonoTime now);
  Peer& peerOf(const std::string& address, MonoTime now);
  Bucket& bucketOf(Peer& peer, const std::string& path, MonoTime now) const;
  /// Forgets what has recovered completely, which changes no verdict.
  void sweep(MonoTime now);
  bool recovered(const Bucket& bucket, MonoTime now) const;

  mutable std::mutex lock_;
  RateOptions options_;
  std::unordered_map<std::string, Peer> peers_;
  Peer strangers_;
  MonoTime swept_{};
};

}  // namespace berth::agent::endpoints
