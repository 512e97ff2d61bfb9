#include "controller/operations/compatibility.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>

using namespace berth::controller;

namespace {

constexpr const char* kBegin = "<!-- berth-controller --describe-operations: begin -->\n";
constexpr const char* kEnd = "<!-- berth-controller --describe-operations: end -->\n";

std::string page() {
  std::ifstream in(BERTH_DOCS "/compatibility.md", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string sectionOf(const std::string& operation) {
  const std::string described = describeOperations();
  const size_t begin = described.find("#### " + operation + "\n");
  REQUIRE(begin != std::string::npos);
  return described.substr(begin, described.find("\n#### ", begin) - begin);
}

}  // namespace

TEST_CASE("the page about compatibility has what berth-controller --describe-operations prints") {
  const std::string text = page();
  const size_t begin = text.find(kBegin);
  const size_t end = text.find(kEnd);
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  REQUIRE(begin < end);
  const size_t from = begin + std::string(kBegin).size();
  const bool same = text.substr(from, end - from) == describeOperations();
  INFO("put what berth-controller --describe-operations prints between the markers of docs/compatibility.md");
  CHECK(same);
}

TEST_CASE("every note about operations and their members has its place in the API") {
  CHECK(misplacedNotes() == std::vector<std::string>{});
}

TEST_CASE("an operation is described by how far it goes, its members and its errors") {
  CHECK(sectionOf("UpdateClusterSettings") ==
        "#### UpdateClusterSettings\n"
        "- **whole**\n"
        "- acted on: `cluster`\n"
        "- kept and shown: `settings`\n"
        "- errors: `AccessDeniedException`, `ClientException`, `ClusterNotFoundException`, "
        "`InvalidParameterException`, `ServerException`, `UpdateInProgressException`\n");
  CHECK_THAT(sectionOf("ListDaemons"), Catch::Contains("\n- **refused**: daemons run on hosts that AWS"));
  CHECK_THAT(sectionOf("ListDaemons"), Catch::Contains("\n- refused: `clusterArn`, "));
  CHECK_THAT(sectionOf("CreateService"),
             Catch::Contains("`deploymentConfiguration.strategy` (all but `ROLLING`)"));
}
