#include "agent/model/start_traces.hpp"

#include <algorithm>
#include <array>

namespace berth::agent {
namespace {

// In the order of StartStep.
constexpr std::array<std::string_view, 14> kNames = {
    "payload received", "admitted",           "persisted",    "set up",  "image known", "snapshot made",
    "created",          "intent kept",        "network made", "shim up", "started",     "report queued",
    "report sent",      "report acknowledged"};

/// The latest of the marks that this one comes after: those of the task, and of the container itself; what is
/// of the task comes after those of all containers.
Duration before(const StartTrace& trace, const std::string& container) {
  Duration out{};
  for (const StartMark& mark : trace) {
    if (container.empty() || mark.container.empty() || mark.container == container) out = mark.after;
  }
  return out;
}

}  // namespace

std::string_view name(StartStep step) { return kNames[static_cast<size_t>(step)]; }

std::string label(StartStep step) {
  std::string out(name(step));
  std::ranges::replace(out, ' ', '_');
  return out;
}

void StartTraces::begin(const std::string& taskArn, MonoTime now) {
  const auto [kept, added] = traces_.try_emplace(taskArn, Kept{now, std::make_shared<StartTrace>()});
  if (added) mark(taskArn, "", StartStep::Received, now);
}

void StartTraces::mark(const std::string& taskArn, const std::string& container, StartStep step,
                       MonoTime now) {
  const auto kept = traces_.find(taskArn);
  if (kept == traces_.end()) return;
  StartTrace& marks = *kept->second.marks;
  const bool over = !marks.empty() && marks.back().step == StartStep::Acknowledged;
  const auto same = [&](const StartMark& mark) { return mark.step == step && mark.container == container; };
  if (over || std::ranges::any_of(marks, same)) return;
  const Duration after = now - kept->second.began;
  // Who shows the trace as it was keeps that.
  if (kept->second.marks.use_count() > 1) kept->second.marks = std::make_shared<StartTrace>(marks);
  const Duration took = after - before(*kept->second.marks, container);
  kept->second.marks->push_back(StartMark{step, container, took, after});
  if (listener_) listener_(kept->second.marks->back());
}

void StartTraces::bind(const std::string& runtimeName, const std::string& taskArn,
                       const std::string& container) {
  if (traces_.contains(taskArn)) bound_.insert_or_assign(runtimeName, std::pair(taskArn, container));
}

void StartTraces::mark(const std::string& runtimeName, StartStep step, MonoTime now) {
  const auto found = bound_.find(runtimeName);
  if (found == bound_.end()) return;
  const auto [arn, container] = found->second;
  if (step == StartStep::Started) bound_.erase(found);
  mark(arn, container, step, now);
}

void StartTraces::forget(const std::string& taskArn) {
  traces_.erase(taskArn);
  std::erase_if(bound_, [&](const auto& one) { return one.second.first == taskArn; });
}

void StartTraces::clear() {
  traces_.clear();
  bound_.clear();
}

std::shared_ptr<const StartTrace> StartTraces::find(const std::string& taskArn) const {
  const auto found = traces_.find(taskArn);
  return found == traces_.end() ? nullptr : found->second.marks;
}

}  // namespace berth::agent
