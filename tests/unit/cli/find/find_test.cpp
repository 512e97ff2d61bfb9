#include "cli/find/find.hpp"

#include <catch2/catch.hpp>

using namespace berth;
using namespace berth::cli;

namespace {

const std::vector<Candidate> kTasks{candidateOf("arn:aws:ecs:r:1:task/c/0123aa"),
                                    candidateOf("arn:aws:ecs:r:1:task/c/0123bb"),
                                    candidateOf("arn:aws:ecs:r:1:task/c/45")};

}  // namespace

TEST_CASE("an id, an ARN and the beginning of an id mean the same task") {
  for (const char* text : {"45", "4", "arn:aws:ecs:r:1:task/c/45"}) {
    auto found = pick("task", text, kTasks);
    REQUIRE(found.ok());
    CHECK(found->arn == "arn:aws:ecs:r:1:task/c/45");
  }
}

TEST_CASE("a beginning of several names them") {
  auto found = pick("task", "0123", kTasks);
  REQUIRE_FALSE(found.ok());
  CHECK(found.error().code == Code::InvalidArgument);
  CHECK(found.error().message == "'0123' is the beginning of 2 tasks: 0123aa, 0123bb; type more of it");
  std::vector<Candidate> many;
  for (int i = 10; i < 30; ++i) many.push_back(candidateOf("a/x" + std::to_string(i), "name"));
  CHECK(pick("task", "x", many).error().message.find("x17 (name), ...; type") != std::string::npos);
}

TEST_CASE("a whole name wins over longer ones that begin with it") {
  const std::vector<Candidate> services{candidateOf("s/web-front"), candidateOf("s/web")};
  CHECK(pick("service", "web", services)->id == "web");
}

TEST_CASE("names of nodes are found, and two of one name are told apart by ids") {
  const std::vector<Candidate> nodes{candidateOf("n/aa", "rack"), candidateOf("n/bb", "rack"),
                                     candidateOf("n/cc", "other")};
  CHECK(pick("node", "oth", nodes)->id == "cc");
  CHECK(pick("node", "rack", nodes).error().message ==
        "'rack' is the beginning of 2 nodes: aa (rack), bb (rack); type more of it");
}

TEST_CASE("what is not there is said with what is near") {
  const std::vector<Candidate> services{candidateOf("s/front"), candidateOf("s/web")};
  CHECK(pick("service", "frnt", services).error().message ==
        "there is no service 'frnt' here: did you mean 'front'?");
  CHECK(pick("service", "x", {}).error().message == "there is no service 'x' here, nor any other");
  CHECK(pick("service", "", services).error().code == Code::NotFound);
}

TEST_CASE("ids are shown as long as it takes to tell them apart") {
  const std::vector<std::string> ids{"0123aa", "0123ab", "99"};
  CHECK(tellingLength(ids, 2) == 6);
  CHECK(tellingLength({}, 12) == 12);
  CHECK(looksLikeId("01ab"));
  CHECK_FALSE(looksLikeId("web"));
  CHECK_FALSE(looksLikeId(""));
}
