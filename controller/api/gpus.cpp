#include "controller/api/gpus.hpp"

#include <algorithm>
#include <set>

#include "common/text/number.hpp"

namespace berth::controller {
namespace {

constexpr int64_t kMostGpus = 64;

const Json* gpuRequirement(const Json& container) {
  const auto all = container.find("resourceRequirements");
  if (all == container.end()) return nullptr;
  const auto found = std::ranges::find_if(*all, [](const Json& one) { return text(one, "type") == "GPU"; });
  return found == all->end() ? nullptr : &*found;
}

int64_t gpuCount(const Json& container) {
  const Json* wanted = gpuRequirement(container);
  return wanted ? parseNumber<int64_t>(text(*wanted, "value")).value_or(0) : 0;
}

}  // namespace

std::optional<std::string> brokenGpus(const Json& container, const std::string& name) {
  if (!gpuRequirement(container)) return std::nullopt;
  const int64_t count = gpuCount(container);
  const auto entries = std::ranges::count_if(container["resourceRequirements"],
                                             [](const Json& one) { return text(one, "type") == "GPU"; });
  if (count >= 1 && count <= kMostGpus && entries == 1) return std::nullopt;
  return "Invalid setting for container '" + name +
         "'. Its resource requirement GPU stands once, and its value is a whole number from 1 to " +
         std::to_string(kMostGpus) + ".";
}

std::vector<Gpu> gpusOf(const Json& document) {
  std::vector<Gpu> out;
  for (const Json& container : document["containerDefinitions"]) {
    const int64_t count = gpuCount(container);
    for (int64_t i = 0; i < count; ++i) out.push_back({{}, text(container, "name")});
  }
  return out;
}

void assignGpus(const Transaction& tx, Task& task) {
  if (task.spec->resources.gpus.empty()) return;
  const Instance* instance = tx.state().instance(task.instance);
  if (!instance) return;
  std::set<std::string> taken;
  for (const Gpu& one : tx.state().used(task.instance).gpus) taken.insert(one.id);
  for (const Mutation& mutation : tx.staged()) {
    const auto* other = mutation.as<Task>();
    if (!other || other->instance != task.instance || other->id == task.id) continue;
    for (const Gpu& one : other->spec->resources.gpus) taken.insert(one.id);
  }
  task.spec.edit([&](TaskSpec& spec) {
    auto next = spec.resources.gpus.begin();
    for (const Gpu& one : instance->registered.gpus) {
      if (next == spec.resources.gpus.end()) return;
      if (taken.insert(one.id).second) (next++)->id = one.id;
    }
  });
}

ApiResult<std::vector<Gpu>> registeredGpus(const Json& input) {
  std::set<std::string> ids;
  for (const Json& device : input.value("platformDevices", Json::array())) {
    if (text(device, "type") == "GPU") ids.insert(text(device, "id"));
  }
  for (const Json& resource : input.value("totalResources", Json::array())) {
    if (text(resource, "name") != "GPU") continue;
    for (const Json& id : resource.value("stringSetValue", Json::array())) ids.insert(id.get<std::string>());
  }
  if (ids.contains("")) return invalidParameter("A GPU needs an id.");
  std::vector<Gpu> out;
  for (const std::string& id : ids) out.push_back({id, {}});
  return out;
}

std::vector<std::string> gpuIds(const Resources& resources, const std::string& container) {
  std::vector<std::string> out;
  for (const Gpu& one : resources.gpus) {
    if (one.container == container && !one.id.empty()) out.push_back(one.id);
  }
  return out;
}

std::vector<std::string> freeGpuIds(const Resources& all, const Resources& used) {
  std::vector<std::string> out;
  for (const Gpu& one : all.gpus) {
    if (std::ranges::find(used.gpus, one.id, &Gpu::id) == used.gpus.end()) out.push_back(one.id);
  }
  return out;
}

}  // namespace berth::controller
