// The table of the API's operations: which there are, and what answers them.
#pragma once

#include <string_view>
#include <variant>

#include "controller/api/reply.hpp"

namespace berth::controller {

struct OperationEntry {
  std::string_view name;
  std::variant<ApiResult<Json> (*)(Context&), ApiResult<TasksReply> (*)(Context&)> action;
  bool reads;            ///< changes nothing
  bool repeats = false;  ///< it changes something, but nothing more when it is repeated
};

Reply perform(const OperationEntry& entry, Context& context);

/// The entry of an operation that is offered; nullptr for all others.
const OperationEntry* findAction(std::string_view name);

}  // namespace berth::controller
