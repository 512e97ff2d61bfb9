// Entities as the rows of a store, and back. One row an entity: kind ("cluster", "family",
// "task_definition", "instance", "task", "client_token", "account_setting", "capacity_provider", "service",
// "service_deployment", "service_revision", "task_set", "task_protection", "job", "job_run", "stopped_task",
// "alarm"), its key, and JSON. Unknown members of a row are ignored, missing ones take their defaults.
#pragma once

#include <vector>

#include "common/store/store.hpp"
#include "controller/model/state.hpp"

namespace berth::controller {

/// The changes to a store that make `mutations` durable.
Changes toChanges(const Mutations& mutations);

/// Stopped tasks, by id, and their order: "HEX/ID" with 12 hex digits of the milliseconds at which a task
/// stopped, and no content. There may be very many: they are not for fromRecords.
inline constexpr const char* kStoppedTask = "stopped_task";
inline constexpr const char* kStoppedOrder = "stopped_order";
std::string orderKey(const StoppedTask& task);

struct Decoded {
  std::vector<Entity> entities;
  std::vector<std::string> damaged;  ///< "kind/key: why" of the rows that could not be read
};

/// Reads all rows. A row that can't be read costs that row, not the start. Rows of kinds that this program
/// does not know are left alone.
Decoded fromRecords(const std::vector<Record>& records);

}  // namespace berth::controller
