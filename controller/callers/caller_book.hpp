// Who may call: access keys, and what their owners may do.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/aws/credentials.hpp"
#include "common/aws/policy.hpp"

namespace berth::controller {

enum class Rights {
  All,       ///< the admin
  Policies,  ///< what the policies say
  Agent,     ///< what an agent does, for the instance that it registered
};

struct KnownCaller {
  std::string principal;  ///< ARN: arn:aws:iam::ACCOUNT:root, arn:aws:iam::ACCOUNT:user/NAME
  Rights rights = Rights::Policies;
  std::vector<aws::Policy> policies;
};

/// What policies of the ECS API may use: the condition keys ecs:cluster, ecs:container-name,
/// aws:PrincipalArn, aws:RequestTag/KEY, aws:ResourceTag/KEY, aws:SourceIp and aws:SecureTransport.
const aws::PolicyRules& callerPolicyRules();

/// The principal of a user; the admin's is rootOf().
std::string userArn(const std::string& partition, const std::string& account, const std::string& name);

class CallerBook {
 public:
  struct Entry {
    aws::Credentials key;
    std::shared_ptr<const KnownCaller> caller;
  };

  /// False, and nothing is added, when the access key id is there already.
  bool add(aws::Credentials key, std::shared_ptr<const KnownCaller> caller);
  /// Null for an unknown access key id.
  const Entry* find(std::string_view accessKeyId) const;
  std::optional<aws::Credentials> credentials(std::string_view accessKeyId) const;
  /// The number of access keys.
  size_t size() const { return entries_.size(); }

 private:
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace berth::controller
