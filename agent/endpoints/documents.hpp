// The JSON of tasks and containers that the metadata endpoints show. Functions of values.
// Private to the folder: this header brings the JSON library in.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "agent/endpoints/message.hpp"
#include "agent/endpoints/view.hpp"

namespace berth::agent::endpoints {

/// Keeps members in the order in which the original lists them, which people read.
using Document = nlohmann::ordered_json;

/// 2 also stands for 3: both versions have one form.
enum class Version { V2 = 2, V4 = 4 };

/// "PENDING", "RUNNING" or "STOPPED" for a status in internal words.
std::string backendStatus(const std::string& status);

/// Adds `name` unless the text, list or table is empty.
template <class Value>
void addUnlessEmpty(Document& document, const char* name, const Value& value) {
  if (!value.empty()) document[name] = value;
}
void addTime(Document& document, const char* name, const std::optional<WallTime>& time);

/// A port of `mode`; `version` says whether the address it is bound to is shown.
Document portDocument(const PortView& port, const std::string& mode, bool withAddress);
Document volumeDocument(const VolumeView& volume);
Document containerDocument(const TaskView& task, const ContainerView& container, Version version);
Document taskDocument(const TaskView& task, bool withTags, Version version);

/// 200 with the document's text; bytes that are not UTF-8 are replaced.
Response documentResponse(const Document& document, int status = 200);

}  // namespace berth::agent::endpoints
