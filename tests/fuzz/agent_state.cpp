// The agent's records: KIND/KEY on a line, then the value.
#include "agent/state/codec.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;

std::vector<Record> rowsOf(const agent::Stored& stored) {
  agent::Output output;
  output.save = stored.tasks;
  output.timeline = stored.timeline;
  std::vector<Record> rows;
  for (const Change& change : agent::toChanges(output))
    rows.push_back({change.kind, change.key, change.value.value()});
  return rows;
}

}  // namespace

BERTH_FUZZ_TARGET(agent_state) {
  const std::string_view name = fuzz::takeLine(input);
  const size_t slash = std::min(name.find('/'), name.size());
  const Record record{std::string(name.substr(0, slash)),
                      std::string(name.substr(std::min(slash + 1, name.size()))), std::string(input)};
  const agent::Stored stored = agent::fromRecords({record});
  if (record.kind == "task")
    fuzz::require(stored.tasks.size() + stored.damaged.size() == 1, "a row is read or damaged");
  for (const std::string& why : stored.damaged)
    fuzz::require(why.starts_with(record.kind), "damage is named", why);
  for (const agent::Task& task : stored.tasks) {
    fuzz::require(!task.arn.empty(), "a task has an ARN");
    agent::statusOf(task);
    agent::mustStop(task);
  }
  const std::vector<Record> once = rowsOf(stored);
  const agent::Stored again = agent::fromRecords(once);
  fuzz::require(again.damaged.empty(), "what was read can be stored and read",
                again.damaged.empty() ? "" : again.damaged[0]);
  fuzz::require(rowsOf(again) == once, "reading and storing is stable", once.empty() ? "" : once[0].value);
}
