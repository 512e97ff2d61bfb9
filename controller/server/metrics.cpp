#include "controller/server/metrics.hpp"

#include "controller/explain/summary.hpp"

namespace berth::controller {
namespace {

const std::vector<double> kSeconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

}  // namespace

Metrics::Metrics(std::function<void(Registry&)> refresh)
    : calls(registry.counter("berth_api_calls_total", "API calls that arrived")),
      refused(registry.counter("berth_api_refused_total", "API calls and websockets that were refused")),
      throttled(registry.counter("berth_api_throttled_total", "API calls that came too fast")),
      unrecorded(registry.counter("berth_audit_lost_total", "lines that the audit log could not take")),
      refresh_(std::move(refresh)),
      seconds_(
          registry.histogram("berth_api_seconds", "from a call's begin to its durable answer", kSeconds)) {}

void Metrics::count(const std::string& operation, const ApiError* error) {
  const auto counter = [&]() -> Counter& {
    return registry.counter("berth_api_served_total", "API calls that were performed",
                            {{"operation", operation}, {"outcome", error ? error->type : "ok"}});
  };
  if (error) {
    // Anyone can invent operations; each would be a series for ever.
    if (error->type != "UnknownOperationException") counter().add();
    return;
  }
  // Looked up by its labels once, as most calls end here.
  Counter*& known = succeeded_[operation];
  if (!known) known = &counter();
  known->add();
}

void Metrics::served(const std::string& operation, const Reply& reply, Duration took) {
  const auto* error = std::get_if<ApiError>(&reply);
  count(operation, error);
  seconds_.observe(std::chrono::duration<double>(took).count());
  const auto* launched = std::get_if<TasksReply>(&reply);
  if (!launched || (operation != "RunTask" && operation != "StartTask")) return;
  registry.counter("berth_tasks_placed_total", "tasks that RunTask and StartTask have placed")
      .add(static_cast<double>(launched->tasks));
  for (const Json& failure : launched->failures) {
    registry
        .counter("berth_placement_failures_total", "failures of RunTask and StartTask by reason",
                 {{"reason", failure.value("reason", "")}})
        .add();
  }
}

std::string Metrics::render() {
  refresh_(registry);
  return registry.render();
}

void measure(Registry& registry, const State& state) {
  ClusterCounts all;
  for (const auto& [name, counts] : countsOf(state)) all.add(counts);
  const auto set = [&](const char* name, const char* help, int64_t value, const Labels& labels = {}) {
    registry.gauge(name, help, labels).set(static_cast<double>(value));
  };
  set("berth_agents_connected", "agents with a command session", all.connected);
  set("berth_instances", "container instances that are not INACTIVE", all.instances);
  set("berth_instances_draining", "container instances that are DRAINING", all.draining);
  set("berth_services", "services that are ACTIVE", all.services);
  const char* by_status = "tasks by lastStatus";
  set("berth_tasks", by_status, all.waiting, {{"status", "PROVISIONING"}});
  set("berth_tasks", by_status, all.pending, {{"status", "PENDING"}});
  set("berth_tasks", by_status, all.running, {{"status", "RUNNING"}});
  set("berth_tasks", by_status, all.stopping, {{"status", "STOPPING"}});
  set("berth_tasks", by_status, all.stoppedOf(state), {{"status", "STOPPED"}});
}

void measure(Registry& registry, const DiscoveryIndex& index) {
  registry.gauge("berth_discovery_names", "names of services and tasks")
      .set(static_cast<double>(index.names().size()));
  registry.gauge("berth_discovery_endpoints", "tasks that names are answered with")
      .set(static_cast<double>(index.endpoints()));
}

}  // namespace berth::controller
