#include "cli/api/hints.hpp"

#include <catch2/catch.hpp>

using namespace berth;
using namespace berth::cli;

namespace {

std::string hinted(Code code, const std::string& message) {
  Target target;
  target.endpoint = {"http://10.0.0.1:7400", "AWS_ENDPOINT_URL"};
  target.cluster = {"prod", "BERTH_CLUSTER"};
  target.credentialsFrom = "AWS_ACCESS_KEY_ID";
  return withHint(makeError(code, message), target).message;
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("errors come with a way out where one is known") {
  CHECK(
      says(hinted(Code::InvalidArgument, "ClusterNotFoundException: Cluster not found."), "create-cluster"));
  CHECK(says(hinted(Code::Unauthenticated, "InvalidSignatureException: Signature expired: x"), "clock"));
  CHECK(says(hinted(Code::Unauthenticated, "UnrecognizedClientException: x"), "comes from AWS_ACCESS_KEY_ID"));
  CHECK(says(hinted(Code::PermissionDenied, "AccessDeniedException: x"), "policies"));
  CHECK(says(hinted(Code::Unavailable, "POST http://10.0.0.1:7400: refused"), "berth doctor"));
}

TEST_CASE("other errors stay as they are") {
  CHECK(hinted(Code::NotFound, "ServiceNotFoundException: x") == "ServiceNotFoundException: x");
  CHECK(hinted(Code::Unavailable, "ServerException: x") == "ServerException: x");
}
