#include "agent/secrets/ecr_tokens.hpp"

#include <algorithm>
#include <utility>

namespace berth::agent {
namespace {

constexpr std::chrono::minutes kMargin{30};
constexpr std::chrono::milliseconds kMostJitter = std::chrono::minutes(30);
constexpr std::chrono::hours kLongest{12};

}  // namespace

std::string ecrKey(const EcrAuthData& data, const std::optional<Role>& role, std::string_view defaultRegion) {
  std::string key;
  if (data.useExecutionRole && role) {
    key = (role->credentialsId.empty() ? role->accessKeyId : role->credentialsId) + '\n' + role->roleArn;
  }
  key += '\n';
  key += data.region.empty() ? defaultRegion : std::string_view(data.region);
  return key + '\n' + data.registryId + '\n' + data.endpointOverride;
}

bool isFromRegistry(std::string_view image, std::string_view registry) {
  while (registry.ends_with('/')) registry.remove_suffix(1);
  return !registry.empty() && image.starts_with(registry) && image.substr(registry.size()).starts_with('/');
}

std::optional<EcrToken> EcrTokens::find(const std::string& key, WallTime now) {
  const auto found = byKey_.find(key);
  if (found == byKey_.end()) return std::nullopt;
  if (now >= found->second->until) {
    drop(found->second);
    return std::nullopt;
  }
  kept_.splice(kept_.begin(), kept_, found->second);
  return kept_.front().token;
}

void EcrTokens::put(const std::string& key, EcrToken token, WallTime now) {
  if (const auto found = byKey_.find(key); found != byKey_.end()) drop(found->second);
  const std::chrono::milliseconds jitter(
      static_cast<int64_t>(random_.below(static_cast<uint64_t>(kMostJitter.count()))));
  const WallTime until = std::min<WallTime>(token.expires - kMargin - jitter, now + kLongest);
  if (until <= now || capacity_ == 0) return;
  while (kept_.size() >= capacity_) drop(std::prev(kept_.end()));
  kept_.push_front(Kept{key, std::move(token), until});
  byKey_[key] = kept_.begin();
}

void EcrTokens::drop(List::iterator kept) {
  byKey_.erase(kept->key);
  kept_.erase(kept);
}

}  // namespace berth::agent
