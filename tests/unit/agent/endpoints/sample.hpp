// A task with two containers, and what the tests of the endpoints ask of it.
#pragma once

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "agent/endpoints/answer.hpp"
#include "agent/endpoints/directory.hpp"
#include "agent/endpoints/message.hpp"
#include "agent/endpoints/view.hpp"

namespace berth::agent::endpoints::test {

using nlohmann::json;

inline const std::string kArn =
    "arn:aws:ecs:eu-west-1:123456789012:task/default/0123456789abcdef0123456789abcdef";
inline const std::string kWebEndpoint = "0b8f0a2c-0000-4000-8000-000000000001";
inline const std::string kDbEndpoint = "0b8f0a2c-0000-4000-8000-000000000002";
inline const std::string kWebId = "aaaa" + std::string(60, '1');
inline const std::string kDbId = "aabb" + std::string(60, '2');

inline WallTime wallAt(int64_t millis) { return fromEpochMillis(1719650000000 + millis); }

inline ContainerView sampleContainer(const std::string& name, const std::string& endpointId,
                                     const std::string& dockerId, const std::string& address) {
  ContainerView out;
  out.name = name;
  out.endpointId = endpointId;
  out.dockerId = dockerId;
  out.dockerName = "ecs-web-7-" + name + "-0a";
  out.image = "registry/" + name + ":1";
  out.imageId = "sha256:abc";
  out.desiredStatus = out.knownStatus = "RUNNING";
  out.networks.push_back({"bridge", {address}, {}, {}});
  return out;
}

inline TaskView sampleTask(const std::string& arn = kArn) {
  TaskView task;
  task.cluster = "default";
  task.taskArn = arn;
  task.family = "web";
  task.revision = "7";
  task.desiredStatus = task.knownStatus = "RUNNING";
  task.networkMode = "bridge";
  task.credentialsId = "cred-1";
  task.containers = {sampleContainer("web", kWebEndpoint, kWebId, "172.17.0.2"),
                     sampleContainer("db", kDbEndpoint, kDbId, "172.17.0.3")};
  return task;
}

inline std::shared_ptr<const TaskView> shared(TaskView task) {
  return std::make_shared<const TaskView>(std::move(task));
}

inline Request get(const std::string& path, const std::string& from = "172.17.0.2") {
  Request request;
  const size_t mark = path.find('?');
  request.path = path.substr(0, mark);
  if (mark != std::string::npos) request.query = path.substr(mark + 1);
  request.remoteAddress = from;
  return request;
}

inline RoleCredentials sampleCredentials(const std::string& arn = kArn) {
  return {arn,       RoleCredentials::Role::Task, "arn:aws:iam::1:role/web", "AKIAEXAMPLE", "the secret",
          "a token", "2024-06-29T10:00:00Z"};
}

}  // namespace berth::agent::endpoints::test
