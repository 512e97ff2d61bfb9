// Bodies of the Docker Engine's answers.
#include <algorithm>

#include "agent/runtimes/docker/errors.hpp"
#include "agent/runtimes/docker/translate.hpp"
#include "proto/docker/codec.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;

template <class T>
const T* answerOf(const Result<T>& decoded) {
  if (decoded) return &*decoded;
  fuzz::require(!decoded.error().message.empty(), "an error says why");
  return nullptr;
}

void checkContainer(std::string_view body) {
  const auto decoded = docker::decodeContainer(body);
  const docker::ContainerInspect* container = answerOf(decoded);
  if (container == nullptr) return;
  fuzz::require(!container->id.empty() && !container->status.empty(), "a container has an id and a status");
  fuzz::require(!container->startedAt || container->startedAt->time_since_epoch().count() >= 0,
                "times are not before 1970");
  agent::toRuntimeContainer(*container);
}

}  // namespace

BERTH_FUZZ_TARGET(docker_answers) {
  answerOf(docker::decodeVersion(input));
  answerOf(docker::decodeInfo(input));
  checkContainer(input);
  if (const auto created = docker::decodeCreated(input))
    fuzz::require(!created->empty(), "an id is not empty");
  if (const auto list = docker::decodeContainers(input)) {
    const auto nameless = [](const docker::ContainerSummary& one) { return one.id.empty(); };
    fuzz::require(std::ranges::none_of(*list, nameless), "ids are not empty");
  }
  if (const auto image = docker::decodeImage(input)) fuzz::require(!image->id.empty(), "an image has an id");
  if (const auto digest = docker::decodeDistribution(input))
    fuzz::require(!digest->empty(), "a digest is not empty");
  answerOf(docker::decodeEvent(input));
  answerOf(docker::decodePullProgress(input));
  for (const int status : {404, 409, 500}) {
    const std::string message = docker::errorMessage(status, input);
    fuzz::require(!message.empty() && message.size() <= 1024, "an error's text has 1 to 1024 bytes", message);
    fuzz::require(agent::engineError(status, message).message == message,
                  "the engine's words stay the message");
    fuzz::require(!agent::registryError(status, message).message.empty(), "a registry's error says why");
  }
}
