// The table of the API's operations: which there are, and what answers them.
#pragma once

#include <string_view>

#include "controller/api/context.hpp"

namespace berth::controller {

struct OperationEntry {
  std::string_view name;
  ApiResult<Json> (*action)(Context&);
  bool reads;            ///< changes nothing
  bool repeats = false;  ///< it changes something, but nothing more when it is repeated
};

/// The entry of an operation that is offered; nullptr for all others.
const OperationEntry* findAction(std::string_view name);

}  // namespace berth::controller
