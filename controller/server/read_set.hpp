// What an answer is made of: whether it waits for what is not durable yet.
#pragma once

#include <optional>
#include <string>
#include <unordered_set>

#include "controller/api/context.hpp"
#include "controller/model/state.hpp"

namespace berth::controller {

/// Keys of the entities, of any kind, that say what a call is answered.
using ReadSet = std::unordered_set<std::string>;

/// For an operation that changes nothing and whose answer depends on those alone: an answer without a change
/// among them is the one that was given before that change, so it need not wait until the change is durable.
/// nullopt: it may depend on anything. `input` need not be valid. Of DescribeTasks it is known.
std::optional<ReadSet> readSetOf(const std::string& operation, const Json& input, const ecs::Names& names,
                                 const State& state);

bool touches(const Mutations& mutations, const ReadSet& read);

}  // namespace berth::controller
