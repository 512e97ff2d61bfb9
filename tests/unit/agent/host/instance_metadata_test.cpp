#include "agent/host/instance_metadata.hpp"

#include "tests/unit/agent/host/loopback.hpp"

using namespace berth;
using namespace berth::agent;

namespace {

constexpr const char* kPath = "/latest/meta-data/spot/instance-action";

struct MetadataBench {
  FakeMetadata fake;
  Loopback service{[this](const http::ServerRequest& request) { return fake(request); }};
  InstanceMetadata metadata{service.client, options()};

  InstanceMetadata::Options options() {
    InstanceMetadata::Options out;
    out.endpoint = service.url();
    return out;
  }
  Result<std::string> read() {
    Result<std::string> out = makeError(Code::Internal, "not asked");
    service.run([&]() -> Async<void> { out = co_await metadata.read(kPath, {}); });
    return out;
  }
};

}  // namespace

TEST_CASE("a document is read with a token, which is kept") {
  MetadataBench bench;
  bench.fake.action = "x";
  CHECK(bench.read().value() == "x");
  CHECK(bench.read().value() == "x");
  CHECK(bench.fake.tokens == 1);
  CHECK(bench.service.requests.at(0).headers.get("X-aws-ec2-metadata-token-ttl-seconds") == "21600");
}

TEST_CASE("a token that is not accepted any more is replaced once") {
  MetadataBench bench;
  bench.fake.action = "x";
  static_cast<void>(bench.read());
  bench.fake.token = "another";
  CHECK(bench.read().value() == "x");
  CHECK(bench.fake.tokens == 2);
  bench.fake.status = 401;
  CHECK(bench.read().error().code == Code::FailedPrecondition);
}

TEST_CASE("a document that is not there, a service that refuses, and one that is away are told apart") {
  MetadataBench bench;
  CHECK(bench.read().error().code == Code::NotFound);
  bench.fake.status = 403;
  CHECK(bench.read().error().code == Code::FailedPrecondition);
  bench.fake.status = 503;
  CHECK(bench.read().error().code == Code::Unavailable);
  CHECK_THAT(bench.read().error().message, Catch::Contains(kPath) && Catch::Contains("503"));
}
