#include "agent/endpoints/rate_limit.hpp"

#include <algorithm>
#include <chrono>

namespace berth::agent::endpoints {
namespace {

constexpr Duration kSweepEvery = std::chrono::seconds(5);

/// Threads may come with their readings in another order than they took them.
double secondsBetween(MonoTime from, MonoTime to) {
  return std::max(0.0, std::chrono::duration<double>(to - from).count());
}

}  // namespace

bool RateLimit::spend(Bucket& bucket, double perSecond, double burst, MonoTime now) {
  bucket.used = std::max(0.0, bucket.used - secondsBetween(bucket.at, now) * perSecond);
  bucket.at = std::max(bucket.at, now);
  if (bucket.used + 1 > burst) return false;
  bucket.used += 1;
  return true;
}

bool RateLimit::recovered(const Bucket& bucket, MonoTime now) const {
  return bucket.used <= secondsBetween(bucket.at, now) * options_.perSecond;
}

void RateLimit::sweep(MonoTime now) {
  swept_ = now;
  for (auto peer = peers_.begin(); peer != peers_.end();) {
    std::erase_if(peer->second.paths, [&](const auto& entry) { return recovered(entry.second, now); });
    // The refusals' bucket grows back within burst / rate seconds; the caller was quiet for longer.
    const bool quiet =
        secondsBetween(peer->second.last, now) > options_.refusalBurst / options_.refusalsPerSecond;
    const bool done = quiet && peer->second.paths.empty() && recovered(peer->second.otherPaths, now);
    peer = done ? peers_.erase(peer) : std::next(peer);
  }
}

RateLimit::Peer& RateLimit::peerOf(const std::string& address, MonoTime now) {
  if (now - swept_ >= kSweepEvery) sweep(now);
  const auto found = peers_.find(address);
  if (found != peers_.end()) return found->second;
  return peers_.size() < options_.mostPeers ? peers_[address] : strangers_;
}

RateLimit::Bucket& RateLimit::bucketOf(Peer& peer, const std::string& path, MonoTime now) const {
  const auto found = peer.paths.find(path);
  if (found != peer.paths.end()) return found->second;
  if (peer.paths.size() >= options_.mostPaths) {
    std::erase_if(peer.paths, [&](const auto& entry) { return recovered(entry.second, now); });
  }
  return peer.paths.size() < options_.mostPaths ? peer.paths[path] : peer.otherPaths;
}

RateLimit::Verdict RateLimit::take(const std::string& address, const std::string& path, MonoTime now) {
  const std::lock_guard guard(lock_);
  Peer& peer = peerOf(address, now);
  peer.last = now;
  if (spend(bucketOf(peer, path, now), options_.perSecond, options_.burst, now)) return Verdict::Serve;
  const bool atOnce = spend(peer.refusals, options_.refusalsPerSecond, options_.refusalBurst, now);
  return atOnce ? Verdict::Refuse : Verdict::RefuseLater;
}

void RateLimit::reconfigure(RateOptions options) {
  const std::lock_guard guard(lock_);
  options_ = options;
}

RateOptions RateLimit::options() const {
  const std::lock_guard guard(lock_);
  return options_;
}

size_t RateLimit::size() const {
  const std::lock_guard guard(lock_);
  size_t buckets = 0;
  for (const auto& [address, peer] : peers_) buckets += peer.paths.size();
  return buckets;
}

}  // namespace berth::agent::endpoints
