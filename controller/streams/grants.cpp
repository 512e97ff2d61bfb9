#include "controller/streams/grants.hpp"

#include <utility>

#include "common/aws/crypto.hpp"

namespace berth::controller {

void Grants::forgetOld(MonoTime now) {
  std::erase_if(grants_, [now](const auto& entry) { return entry.second.until <= now; });
}

void Grants::add(Grant grant, MonoTime now) {
  forgetOld(now);
  std::string id = grant.id;
  grants_.insert_or_assign(std::move(id), std::move(grant));
}

bool Grants::has(std::string_view id, MonoTime now) const {
  const auto found = grants_.find(id);
  return found != grants_.end() && found->second.until > now;
}

std::variant<Grant, Grants::Refused> Grants::take(std::string_view id, std::string_view token, MonoTime now) {
  forgetOld(now);
  const auto found = grants_.find(id);
  if (found == grants_.end()) return Refused::Unknown;
  Grant grant = std::move(found->second);
  grants_.erase(found);
  if (!aws::constantTimeEqual(grant.token, token)) return Refused::WrongToken;
  return grant;
}

void Grants::forgetStrangers(const std::function<bool(std::string_view)>& known) {
  std::erase_if(grants_, [&](const auto& entry) { return !known(entry.second.accessKeyId); });
}

size_t Grants::size(MonoTime now) {
  forgetOld(now);
  return grants_.size();
}

}  // namespace berth::controller
