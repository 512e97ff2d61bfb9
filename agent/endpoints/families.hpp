// The families of paths behind answer.hpp. Private to the folder.
#pragma once

#include <string>
#include <vector>

#include "agent/endpoints/directory.hpp"
#include "agent/endpoints/message.hpp"

namespace berth::agent::endpoints {

using PathParts = std::vector<std::string>;

/// As Go's router says it.
Response notFound();

Response answerV2(const PathParts& parts, const Request& request, const Directory& directory);
Response answerV3(const PathParts& parts, const Directory& directory);
Response answerV4(const PathParts& parts, const Directory& directory);

/// Statistics by Docker id: every container of the task; v4 shows {} for one without a reading, the others
/// null.
Response taskStats(const TaskView& task, const Directory& directory, bool v4);
/// Statistics of one container; `failure` is the status when there is no reading.
Response containerStats(const ContainerView& container, const Directory& directory, bool v4, int failure);

/// parts is {version, id, "associations", type[, name...]}; `prefix` is "V3" or "V4".
Response associations(const PathParts& parts, const std::string& prefix, const Directory& directory);

}  // namespace berth::agent::endpoints
