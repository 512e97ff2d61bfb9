// IAM policy documents: identity and resource policies, and what follows from them.
#include "common/aws/policy.hpp"

#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;
using namespace berth::aws;

void decideAll(const Policy& policy, std::string_view input) {
  PolicyRequest request{
      "arn:aws:iam::000000000000:user/ann",
      "ecs:RunTask",
      "arn:aws:ecs:us-east-1:000000000000:task-definition/web:3",
      {{"ecs:cluster", "arn:aws:ecs:us-east-1:000000000000:cluster/prod"}, {"aws:sourceip", "10.0.0.1"}}};
  const Decision alone = evaluate({&policy, 1}, request);
  fuzz::require(evaluate({&policy, 1}, request) == alone, "an answer is always the same", input);
  const Policy twice[] = {policy, policy};
  fuzz::require(evaluate(twice, request) == alone, "a policy twice says what it says once", input);
  Policy denials = policy;
  for (PolicyStatement& statement : denials.statements) statement.allows = false;
  fuzz::require(evaluate({&denials, 1}, request) != Decision::Allow, "who only denies allows nothing", input);
  request.context.clear();
  static_cast<void>(evaluate({&policy, 1}, request));
}

}  // namespace

BERTH_FUZZ_TARGET(policy) {
  for (const PolicyKind kind : {PolicyKind::Identity, PolicyKind::Resource}) {
    const PolicyRules rules{kind, {"ecs:cluster", "aws:sourceip", "aws:securetransport", "aws:principalarn"}};
    const auto policy = parsePolicy(input, "file", rules);
    if (policy) {
      fuzz::require(!policy->statements.empty(), "a policy has a statement", input);
      decideAll(*policy, input);
    } else {
      fuzz::require(policy.error().code == Code::InvalidArgument, "a mistake is the author's", input);
      fuzz::require(policy.error().message.starts_with("file: "), "an error names the file", input);
    }
  }
}
