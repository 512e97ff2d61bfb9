#include "controller/callers/caller_book.hpp"

#include <utility>

namespace berth::controller {

const aws::PolicyRules& callerPolicyRules() {
  static const aws::PolicyRules rules{
      aws::PolicyKind::Identity,
      {"ecs:cluster", "ecs:container-name", "ecs:createaction", "iam:passedtoservice", "aws:principalarn",
       "aws:requesttag/", "aws:resourcetag/", "aws:sourceip", "aws:securetransport"}};
  return rules;
}

std::string userArn(const std::string& partition, const std::string& account, const std::string& name) {
  return "arn:" + partition + ":iam::" + account + ":user/" + name;
}

bool CallerBook::add(aws::Credentials key, std::shared_ptr<const KnownCaller> caller) {
  std::string id = key.accessKeyId;
  return entries_.try_emplace(std::move(id), Entry{std::move(key), std::move(caller)}).second;
}

const CallerBook::Entry* CallerBook::find(std::string_view accessKeyId) const {
  const auto found = entries_.find(accessKeyId);
  return found == entries_.end() ? nullptr : &found->second;
}

std::optional<aws::Credentials> CallerBook::credentials(std::string_view accessKeyId) const {
  const Entry* entry = find(accessKeyId);
  if (!entry) return std::nullopt;
  return entry->key;
}

}  // namespace berth::controller
