// Frames of the agent control channel, both ways.
#include <nlohmann/json.hpp>

#include "proto/acs/codec.hpp"
#include "proto/json/reader.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;

void checkTask(const acs::Task& task) {
  fuzz::require(!task.arn.empty(), "a task has an ARN");
  // A stop needs no more than the ARN.
  if (task.desiredStatus == "STOPPED") return;
  fuzz::require(task.desiredStatus == "RUNNING", "a task is to run or to stop", task.desiredStatus);
  fuzz::require(!task.containers.empty(), "a task that runs has containers");
  for (const acs::Container& container : task.containers) {
    fuzz::require(!container.name.empty() && !container.image.empty(), "a container has a name and an image");
    for (const acs::PortMapping& port : container.portMappings) {
      const bool ports = port.containerPort >= 0 && port.containerPort <= 65535 && port.hostPort >= 0 &&
                         port.hostPort <= 65535;
      fuzz::require(ports, "ports are ports");
      fuzz::require(port.protocol == "tcp" || port.protocol == "udp", "a port is tcp or udp", port.protocol);
    }
  }
}

void checkToAgent(std::string_view frame) {
  auto decoded = acs::decodeToAgent(frame);
  if (!decoded) return fuzz::require(!decoded.error().message.empty(), "an error says why");
  if (const auto* payload = std::get_if<acs::PayloadMessage>(&*decoded)) {
    for (const acs::Task& task : payload->tasks) checkTask(task);
    for (const acs::RefusedTask& task : payload->refused) {
      fuzz::require(!task.arn.empty() && task.reason.starts_with("UnrecogniedTaskError: "),
                    "a refusal says why");
    }
  }
  const std::string once = acs::encode(*decoded);
  auto again = acs::decodeToAgent(once);
  fuzz::require(again.ok(), "what was decoded can be sent and read", once);
  fuzz::require(acs::encode(*again) == once, "to an agent: decoding and encoding is stable", once);
}

void checkFromAgent(std::string_view frame) {
  auto decoded = acs::decodeFromAgent(frame);
  if (!decoded) return fuzz::require(!decoded.error().message.empty(), "an error says why");
  const std::string once = acs::encode(*decoded);
  auto again = acs::decodeFromAgent(once);
  fuzz::require(again.ok(), "what was decoded can be sent and read", once);
  fuzz::require(acs::encode(*again) == once, "from an agent: decoding and encoding is stable", once);
}

/// What every frame is read by.
void checkReader(std::string_view text) {
  nlohmann::json read;
  if (!json::readFast(text, 64, read)) return;
  const auto expected = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  fuzz::require(!expected.is_discarded() && read == expected, "a text is read as nlohmann/json reads it",
                text);
}

}  // namespace

BERTH_FUZZ_TARGET(acs) {
  checkReader(input);
  checkToAgent(input);
  checkFromAgent(input);
}
