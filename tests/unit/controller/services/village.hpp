// A service whose tasks a test plays: what a plan starts and stops is done at once, reports come when the
// test says.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <forward_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "controller/services/reconcile.hpp"

namespace berth::controller::sample {

inline WallTime at(int64_t second) { return WallTime(std::chrono::seconds(1'790'000'000 + second)); }

struct Village {
  explicit Village(int64_t desired, int64_t least = 100, int64_t most = 200) {
    view.service.cluster = "default";
    view.service.name = "web";
    view.service.desiredCount = desired;
    view.service.rules.minimumHealthyPercent = least;
    view.service.rules.maximumPercent = most;
    deploy();
  }

  ServiceView view;
  ServicePace pace;
  ServicePlan plan;  ///< of the last look
  int64_t second = 0;
  int64_t made = 0;
  int64_t deployments = 0;
  bool checked = false;                 ///< new tasks have health checks
  std::map<std::string, int64_t> room;  ///< places left in zones; one that is not named has many
  int64_t moves = 0;                    ///< starts that were to be in certain zones
  std::vector<std::string> said;
  std::forward_list<std::string> texts;  ///< of the tasks

  Deployment& primary() { return *view.service.primary(); }

  /// A new PRIMARY deployment; answers its id.
  std::string deploy() {
    for (Deployment& one : view.service.deployments) one.primary = false;
    Deployment fresh;
    fresh.id = "ecs-svc/" + std::to_string(++deployments);
    fresh.revision = std::to_string(deployments);
    fresh.serviceDeployment = "d" + std::to_string(deployments);
    view.service.deployments.insert(view.service.deployments.begin(), fresh);
    ServiceDeployment record;
    record.id = fresh.serviceDeployment;
    record.target = fresh.revision;
    if (view.service.rules.breaker.enabled) record.breaker = BreakerStatus::Monitoring;
    view.rollout = record;
    return fresh.id;
  }

  /// One look, and what it says is done.
  void look() {
    plan = reconcile(view, pace, at(second));
    view.service = plan.service;
    for (const std::string& message : plan.said) {
      said.push_back(message);
      view.service.addEvent({std::to_string(said.size()), at(second), message});
    }
    if (plan.rollout) view.rollout = plan.rollout;
    for (const PlannedStop& stop : plan.stops) {
      std::erase_if(view.tasks, [&](const ServiceTask& task) { return task.id == stop.task; });
    }
    for (const PlannedStart& start : plan.starts) {
      if (!start.zones.empty()) {
        startIn(start);
        continue;
      }
      for (int64_t i = 0; i < start.count; ++i) {
        const auto place = static_cast<size_t>(i);
        make(start.of, start.hosts.empty() ? "host-" + std::to_string(made % 5) : start.hosts[place]);
      }
    }
  }
  /// A start in the first of its zones that has a place: a zone has one host.
  void startIn(const PlannedStart& start) {
    ++moves;
    for (const std::string& zone : start.zones) {
      const auto left = room.find(zone);
      if (left != room.end() && left->second <= 0) continue;
      if (left != room.end()) --left->second;
      make(start.of, "host-" + zone.substr(zone.size() - 1));
      return;
    }
  }
  /// Looks until nothing is to be done any more.
  void settle() {
    for (int i = 0; i < 1000; ++i) {
      look();
      if (plan.starts.empty() && plan.stops.empty()) return;
    }
    FAIL("it does not come to rest");
  }

  ServiceTask& make(const std::string& of, const std::string& host) {
    ServiceTask task;
    std::string number = std::to_string(++made);
    task.id = kept("t" + std::string(6 - number.size(), '0') + number);
    task.of = kept(of);
    task.instance = kept(host);
    task.zone = kept("zone-" + host.substr(host.size() - 1));
    task.checked = checked;
    task.createdAt = at(second);
    return view.tasks.emplace_back(task);
  }
  /// A text that lasts as long as the village.
  std::string_view kept(std::string text) { return texts.emplace_front(std::move(text)); }
  static void start(ServiceTask& task, WallTime when) {
    task.running = true;
    task.startedAt = when;
  }
  /// All tasks that are on their way run.
  void arrive() {
    for (ServiceTask& task : view.tasks) {
      if (!task.running) start(task, at(second));
    }
  }
  /// A whole roll of tasks that come up in a second each.
  void roll() {
    for (int i = 0; i < 1000 && primary().rollout == RolloutState::InProgress; ++i) {
      settle();
      arrive();
      ++second;
    }
    settle();
  }

  int64_t of(const std::string& deployment) const {
    return std::ranges::count(view.tasks, deployment, &ServiceTask::of);
  }
  int64_t running() const { return std::ranges::count(view.tasks, true, &ServiceTask::running); }
  int64_t starts() const {
    int64_t out = 0;
    for (const PlannedStart& one : plan.starts) out += one.count;
    return out;
  }
  int64_t stops() const { return std::ssize(plan.stops); }
  bool says(const std::string& part) const {
    return std::ranges::any_of(said,
                               [&](const std::string& one) { return one.find(part) != std::string::npos; });
  }
};

}  // namespace berth::controller::sample
