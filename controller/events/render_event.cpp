#include "controller/events/render_event.hpp"

#include <algorithm>
#include <array>

#include "controller/api/jobs/render.hpp"
#include "controller/api/render.hpp"
#include "controller/api/services/render.hpp"

namespace berth::controller {
namespace {

using TaskPointer = std::shared_ptr<const Task>;
using InstancePointer = std::shared_ptr<const Instance>;
using NotePointer = std::shared_ptr<const ServiceNote>;
using RunPointer = std::shared_ptr<const JobRun>;

constexpr std::string_view kTask = "ECS Task State Change";
constexpr std::string_view kInstance = "ECS Container Instance State Change";
constexpr std::string_view kService = "ECS Service Action";
constexpr std::string_view kDeployment = "ECS Deployment State Change";
constexpr std::string_view kRun = "Berth Job Run State Change";

/// "2024-06-29T08:33:20Z"
std::string toTheSecond(WallTime time) { return toRfc3339(time).substr(0, 19) + "Z"; }

/// The API has numbers of seconds where events have text.
void tellTimes(Json& detail) {
  for (auto& [name, value] : detail.items()) {
    if (name.ends_with("At") && value.is_number()) value = toRfc3339(fromEpochSeconds(value.get<double>()));
  }
}

uint64_t mixed(uint64_t value) {
  value += 0x9e3779b97f4a7c15ULL;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

/// Follows from the position, one to one: the mixing of each half can be undone.
std::string idOf(int64_t position) {
  const auto number = static_cast<uint64_t>(position);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (uint64_t half : {mixed(number), mixed(~number)}) {
    for (int i = 0; i < 16; ++i, half >>= 4) out += kDigits[half & 15];
  }
  out[12] = '4';
  out[16] = "89ab"[kDigits.find(out[16]) & 3];
  for (const size_t dash : {8, 13, 18, 23}) out.insert(dash, 1, '-');
  return out;
}

Json detailOf(const Task& task, const Change& change, const State& state, const ecs::Names& names) {
  Json detail = renderTask(state, names, task, false);
  detail.erase("tags");
  tellTimes(detail);
  detail["updatedAt"] = toRfc3339(change.at);
  return detail;
}

Json detailOf(const Instance& instance, const Change& change, const State& state, const ecs::Names& names) {
  Instance shown = instance;
  shown.connected = change.connected;
  Json detail = renderInstance(state, names, shown, false);
  detail.erase("tags");
  tellTimes(detail);
  detail["clusterArn"] = names.cluster(instance.cluster).str();
  detail["updatedAt"] = toRfc3339(change.at);
  return detail;
}

Json detailOf(const ServiceNote& note, const ecs::Names& names) {
  Json detail{{"eventType", note.type},
              {"eventName", note.name},
              {"clusterArn", names.cluster(note.cluster).str()},
              {"reason", note.reason}};
  if (note.deployment.empty()) {
    detail["createdAt"] = toRfc3339(note.at);
  } else {
    detail["deploymentId"] = note.deployment;
    detail["updatedAt"] = toRfc3339(note.at);
  }
  return detail;
}

/// INFO for what goes well or is meant, ERROR for what failed, WARN for what did not run to its end.
const char* severityOf(JobRunState state) {
  switch (state) {
    case JobRunState::Failed:
      return "ERROR";
    case JobRunState::Stopped:
    case JobRunState::Replaced:
    case JobRunState::Skipped:
      return "WARN";
    default:
      return "INFO";
  }
}

Json detailOf(const JobRun& run, const Change& change, const ecs::Names& names) {
  Json detail = renderRun(names, run);
  detail["eventType"] = severityOf(run.state);
  detail["eventName"] = "JOB_RUN_" + std::string(name(run.state));
  detail["clusterArn"] = names.cluster(run.cluster).str();
  detail["updatedAt"] = toRfc3339(change.at);
  return detail;
}

std::string_view clusterOf(const Change& change) {
  if (const auto* task = std::get_if<TaskPointer>(&change.what)) return (*task)->spec->cluster;
  if (const auto* instance = std::get_if<InstancePointer>(&change.what)) return (*instance)->cluster;
  if (const auto* run = std::get_if<RunPointer>(&change.what)) return (*run)->cluster;
  return std::get<NotePointer>(change.what)->cluster;
}

}  // namespace

std::string_view detailTypeOf(const Change& change) {
  if (std::holds_alternative<TaskPointer>(change.what)) return kTask;
  if (std::holds_alternative<InstancePointer>(change.what)) return kInstance;
  if (std::holds_alternative<RunPointer>(change.what)) return kRun;
  return std::get<NotePointer>(change.what)->deployment.empty() ? kService : kDeployment;
}

bool isDetailType(std::string_view text) {
  constexpr std::array kAll{kTask, kInstance, kService, kDeployment, kRun};
  return std::ranges::find(kAll, text) != kAll.end();
}

Json eventOf(const Change& change, const State& state, const ecs::Names& names) {
  std::string resource;
  Json detail;
  if (const auto* task = std::get_if<TaskPointer>(&change.what)) {
    resource = arnOf(names, **task);
    detail = detailOf(**task, change, state, names);
  } else if (const auto* instance = std::get_if<InstancePointer>(&change.what)) {
    resource = arnOf(names, **instance);
    detail = detailOf(**instance, change, state, names);
  } else if (const auto* run = std::get_if<RunPointer>(&change.what)) {
    resource = jobArn(names, (*run)->cluster, (*run)->job);
    detail = detailOf(**run, change, names);
  } else {
    const ServiceNote& note = *std::get<NotePointer>(change.what);
    resource = serviceArnOf(state, names, note.cluster, note.service);
    detail = detailOf(note, names);
  }
  return Json{{"version", "0"},
              {"id", idOf(change.position)},
              {"detail-type", detailTypeOf(change)},
              {"source", std::holds_alternative<RunPointer>(change.what) ? "berth" : "aws.ecs"},
              {"account", names.account},
              {"time", toTheSecond(change.at)},
              {"region", names.region},
              {"resources", Json::array({resource})},
              {"detail", std::move(detail)}};
}

bool EventFilter::takes(const Change& change) const {
  if (task) {
    const auto* pointer = std::get_if<TaskPointer>(&change.what);
    if (!pointer || (*pointer)->id != *task) return false;
  }
  if (cluster && clusterOf(change) != *cluster) return false;
  return detailTypes.empty() || detailTypes.contains(std::string(detailTypeOf(change)));
}

}  // namespace berth::controller
