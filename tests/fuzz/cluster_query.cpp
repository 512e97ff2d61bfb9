// Expressions of the cluster query language, on instances of several kinds.
#include "controller/query/query.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;
using namespace berth::controller;

}  // namespace

BERTH_FUZZ_TARGET(cluster_query) {
  const auto query = Query::parse(input);
  if (!query) {
    fuzz::require(query.error().code == Code::InvalidArgument, "a mistake is the caller's", input);
    return;
  }
  const std::vector<Attribute> attributes{{"a", "1"}, {"stack", "prod"}, {"none", std::nullopt}};
  const std::vector<std::pair<std::string, int64_t>> groups{{"service:web", 1}, {"family:job", 2}};
  const Queried full{.attributes = attributes,
                     .groups = groups,
                     .agentConnected = true,
                     .agentVersion = "1.70.0",
                     .ec2InstanceId = "i-1",
                     .registeredAt = fromEpochMillis(1'529'360'908'000),
                     .runningTasks = 3};
  const bool first = query->matches(full);
  static_cast<void>(query->matches(Queried{}));
  fuzz::require(query->matches(full) == first, "an answer is always the same", input);
  const std::string negated = "not (" + std::string(input) + ")";
  const auto opposite = Query::parse(negated);
  if (opposite) fuzz::require(opposite->matches(full) != first, "not turns an answer around", negated);
}
