// The controller's records: KIND/KEY on a line, then the value.
#include <memory>

#include "controller/state/codec.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;

controller::Mutations mutationsOf(const std::vector<controller::Entity>& entities) {
  controller::Mutations out;
  for (const controller::Entity& entity : entities) {
    out.emplace_back(entity);
  }
  return out;
}

std::vector<Record> recordsOf(const controller::Mutations& mutations) {
  std::vector<Record> out;
  for (const Change& change : controller::toChanges(mutations))
    out.push_back({change.kind, change.key, *change.value});
  return out;
}

}  // namespace

BERTH_FUZZ_TARGET(controller_state) {
  const std::string_view name = fuzz::takeLine(input);
  const size_t slash = std::min(name.find('/'), name.size());
  const Record record{std::string(name.substr(0, slash)),
                      std::string(name.substr(std::min(slash + 1, name.size()))), std::string(input)};
  const controller::Decoded decoded = controller::fromRecords({record});
  fuzz::require(decoded.entities.size() + decoded.damaged.size() <= 1, "a row is read or damaged");
  for (const std::string& why : decoded.damaged)
    fuzz::require(why.starts_with(record.kind), "damage is named", why);
  const controller::Mutations mutations = mutationsOf(decoded.entities);
  controller::State state;
  state.apply(mutations);
  const std::vector<Record> once = recordsOf(mutations);
  const controller::Decoded again = controller::fromRecords(once);
  fuzz::require(again.damaged.empty(), "what was read can be stored and read",
                again.damaged.empty() ? "" : again.damaged[0]);
  fuzz::require(recordsOf(mutationsOf(again.entities)) == once, "reading and storing is stable",
                once.empty() ? "" : once[0].value);
  for (const controller::Mutation& mutation : mutations)
    state.apply({{mutation.kind, mutation.key, nullptr}});
}
