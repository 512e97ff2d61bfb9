#include "cli/api/hints.hpp"

namespace berth::cli {
namespace {

std::string hintFor(const Error& error, const Target& target) {
  const auto says = [&](std::string_view text) { return error.message.find(text) != std::string::npos; };
  if (says("ClusterNotFoundException"))
    return "cluster '" + target.cluster.value + "' comes from " + target.cluster.from +
           "; name another by --cluster or BERTH_CLUSTER, or make it: aws ecs create-cluster "
           "--cluster-name " +
           target.cluster.value + " --endpoint-url " + target.endpoint.value;
  if (says("Signature expired") || says("Signature not yet current"))
    return "this machine's clock and the controller's are minutes apart; set the wrong one";
  if (says("UnrecognizedClientException") || says("InvalidSignatureException"))
    return "the access key comes from " + target.credentialsFrom + "; is it one of the controller at " +
           target.endpoint.value + "?";
  if (error.code == Code::PermissionDenied)
    return "the access key from " + target.credentialsFrom +
           " may not do this; its policies are the controller's";
  if (error.code == Code::FailedPrecondition && target.url.tls())
    return "AWS_CA_BUNDLE names authorities of your own";
  const bool transport = error.code == Code::Unavailable || error.code == Code::DeadlineExceeded;
  if (transport && !says("Exception"))
    return "the endpoint comes from " + target.endpoint.from + "; `berth doctor` looks further";
  return "";
}

}  // namespace

Error withHint(Error error, const Target& target) {
  const std::string hint = hintFor(error, target);
  if (!hint.empty()) error.message += "\n  " + hint;
  return error;
}

}  // namespace berth::cli
