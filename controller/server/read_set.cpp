#include "controller/server/read_set.hpp"

#include <algorithm>

namespace berth::controller {

std::optional<ReadSet> readSetOf(const std::string& operation, const Json& input, const ecs::Names& names,
                                 const State& state) {
  if (operation != "DescribeTasks" || !input.is_object()) return std::nullopt;
  const auto named = input.find("cluster");
  const bool given = named != input.end() && named->is_string();
  const auto cluster = names.parseCluster(given ? named->get_ref<const std::string&>() : "default");
  const auto tasks = input.find("tasks");
  if (!cluster || tasks == input.end() || !tasks->is_array()) return std::nullopt;
  ReadSet out{cluster->str()};
  for (const Json& reference : *tasks) {
    if (!reference.is_string()) return std::nullopt;
    const auto parsed = names.parseTask(reference.get_ref<const std::string&>());
    if (!parsed) return std::nullopt;
    // One that is not there may have been erased just now.
    out.insert(parsed->id);
    if (const Task* task = state.task(parsed->id)) out.insert(task->instance);
  }
  return out;
}

bool touches(const Mutations& mutations, const ReadSet& read) {
  return std::ranges::any_of(mutations, [&](const Mutation& one) { return read.contains(one.key); });
}

}  // namespace berth::controller
