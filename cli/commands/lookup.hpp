// From what a person typed to what the API takes, asking the controller.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/commands/session.hpp"
#include "cli/find/find.hpp"

namespace berth::cli {

/// A task by ARN, id or the beginning of an id, also a stopped one that the API still shows. A whole id is
/// taken as it is, without a question. Errors: those of pick() and of the API.
Result<Candidate> findTask(const Session& session, const std::string& text);
/// The same; or a service whose only task is meant. InvalidArgument names the tasks of one with several.
Result<Candidate> findTaskOrItsService(const Session& session, const std::string& text);
/// A service by ARN, name or the beginning of one.
Result<Candidate> findService(const Session& session, const std::string& text);
/// A container instance by ARN, id, name or the beginning of one.
Result<Candidate> findNode(const Session& session, const std::string& text);

/// The description of one service. NotFound when it is not there or INACTIVE.
Result<nlohmann::json> describeService(const Session& session, const std::string& service);
/// The same of the service that findService() finds.
Result<nlohmann::json> describeFoundService(const Session& session, const std::string& text);
/// Descriptions of tasks or instances, asked for a hundred at a time; `kind` is "tasks" or
/// "containerInstances". What is gone meanwhile is left out.
Result<nlohmann::json> describeAll(const Session& session, const std::string& kind,
                                   const std::vector<std::string>& arns);
/// The names of container instances by their ARNs; ids stand for names that they don't have.
Result<std::map<std::string, std::string>> nodeNames(const Session& session, const nlohmann::json& tasks);
/// All container instances with their descriptions.
Result<nlohmann::json> allNodes(const Session& session);
/// ARNs of a JSON list.
std::vector<std::string> textsOf(const nlohmann::json& list);

}  // namespace berth::cli
