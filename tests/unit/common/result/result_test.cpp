#include "common/result/result.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <set>
#include <string>

using namespace berth;

namespace {

constexpr Code kCodes[] = {
    Code::InvalidArgument, Code::NotFound,         Code::AlreadyExists,     Code::FailedPrecondition,
    Code::Unauthenticated, Code::PermissionDenied, Code::ResourceExhausted, Code::DeadlineExceeded,
    Code::Unavailable,     Code::Cancelled,        Code::DataLoss,          Code::Unimplemented,
    Code::Internal};

}  // namespace

TEST_CASE("every code has a name of its own") {
  std::set<std::string_view> names;
  for (Code code : kCodes) names.insert(codeName(code));
  CHECK(names.size() == std::size(kCodes));
  CHECK_FALSE(names.contains("unknown"));
  CHECK(codeName(Code::NotFound) == "not_found");
}

TEST_CASE("only what may pass by itself is worth a retry") {
  for (Code code : kCodes) {
    const bool passes =
        code == Code::Unavailable || code == Code::DeadlineExceeded || code == Code::ResourceExhausted;
    CAPTURE(codeName(code));
    CHECK(makeError(code, "x").retryable == passes);
  }
}

TEST_CASE("an error in a place keeps its code and its retryability") {
  const Error error = makeError(Code::Unavailable, "refused").in("controller");
  CHECK(error.message == "controller: refused");
  CHECK(error.code == Code::Unavailable);
  CHECK(error.retryable);
}

TEST_CASE("a result is a value or an error") {
  Result<int> good = 3;
  REQUIRE(good.ok());
  CHECK(*good == 3);
  *good = 4;
  CHECK(good.value() == 4);

  const Result<int> bad = makeError(Code::NotFound, "no such task");
  REQUIRE_FALSE(bad);
  CHECK(bad.error().message == "no such task");
}

TEST_CASE("a result gives away a value that can only be moved") {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(result).value();
  CHECK(*taken == 7);
}

TEST_CASE("a status is success unless it is made from an error") {
  CHECK(Status().ok());
  const Status failed = makeError(Code::Internal, "x");
  CHECK_FALSE(failed.ok());
  CHECK(failed.error().code == Code::Internal);
}
