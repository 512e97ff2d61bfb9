#include "controller/explain/causes.hpp"

#include <algorithm>

#include "controller/api/render.hpp"
#include "proto/json/fields.hpp"
#include "proto/json/writer.hpp"

namespace berth::controller {
namespace {

void putWord(Json& out, const char* member, const std::string& text) {
  if (!text.empty()) out[member] = text;
}

Json linesOf(const std::string& output) {
  Json out = Json::array();
  for (size_t at = 0; at < output.size();) {
    const size_t end = std::min(output.find('\n', at), output.size());
    out.push_back(output.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

void putContainerEnd(Json& out, const Task& task, const Cause& cause) {
  const std::string& container = cause.by;
  out["container"] = container;
  if (!cause.output.empty()) out["lastLines"] = linesOf(cause.output);
  for (size_t place = 0; place < task.containers.size(); ++place) {
    const ContainerSpec& spec = task.spec->containers[place];
    if (spec.name != container) continue;
    out["essential"] = spec.essential;
    if (task.containers[place].exitCode) out["exitCode"] = *task.containers[place].exitCode;
    putWord(out, "reason", task.containers[place].reason);
  }
}

}  // namespace

Json causesOf(const State& state, const ecs::Names& names, const Task& task) {
  Json out = Json::array();
  for (const Cause& cause : task.causes.list()) {
    Json one{{"cause", name(cause.kind)}, {"at", toRfc3339(cause.at)}};
    if (cause.kind == Cause::Kind::ContainerStopped) {
      putContainerEnd(one, task, cause);
    } else {
      one["by"] = cause.by;
    }
    if (cause.kind == Cause::Kind::StopTask) putWord(one, "reason", task.stoppedReason);
    if (cause.kind == Cause::Kind::InstanceDeregistered)
      one["containerInstanceArn"] = instanceArnOf(state, names, task);
    out.push_back(std::move(one));
  }
  if (task.lastStatus != TaskStatus::Stopped) return out;
  Json end{{"cause", "TaskStopped"}};
  if (task.stoppedAt) end["at"] = toRfc3339(*task.stoppedAt);
  putWord(end, "stopCode", task.stopCode);
  putWord(end, "reason", task.stoppedReason);
  out.push_back(std::move(end));
  return out;
}

std::string recordOf(const State& state, const ecs::Names& names, const Task& task) {
  json::Writer shown;
  writeTask(shown, state, names, task, true);
  json::Writer out;
  out.openObject();
  out.raw("task", shown.str());
  out.raw("causes", json::dump(causesOf(state, names, task)));
  out.closeObject();
  return out.str();
}

}  // namespace berth::controller
