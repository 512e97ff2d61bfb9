#include "agent/endpoints/metrics.hpp"

#include <map>
#include <string_view>

namespace berth::agent::endpoints {
namespace {

void family(std::string& out, std::string_view name, std::string_view help) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name);
  out.append(" gauge\n");
}

void byStatus(std::string& out, std::string_view name, std::string_view help,
              const std::map<std::string, size_t>& counts) {
  family(out, name, help);
  for (const auto& [status, count] : counts) {
    out.append(name).append("{status=\"").append(status).append("\"} ");
    out.append(std::to_string(count)).append("\n");
  }
}

}  // namespace

std::string metricsText(const Directory& directory) {
  // Statuses that nothing is in at present are shown, too: a graph without holes.
  const std::map<std::string, size_t> none{
      {"NONE", 0}, {"PULLED", 0}, {"CREATED", 0}, {"RUNNING", 0}, {"STOPPED", 0}};
  std::map<std::string, size_t> tasks = none;
  std::map<std::string, size_t> containers = none;
  size_t waiting = 0;
  for (const auto& task : directory.all()) {
    ++tasks[task->knownStatus];
    waiting += task->why.empty() ? 0 : 1;
    for (const ContainerView& container : task->containers) ++containers[container.knownStatus];
  }
  std::string out;
  byStatus(out, "berth_agent_tasks", "Tasks by what is known of them.", tasks);
  byStatus(out, "berth_agent_containers", "Containers of tasks by what is known of them.", containers);
  family(out, "berth_agent_tasks_waiting", "Tasks that wait for something; see /v1/why.");
  out += "berth_agent_tasks_waiting " + std::to_string(waiting) + "\n";
  family(out, "berth_agent_info", "The agent's version.");
  out += "berth_agent_info{version=\"" + directory.instance().version + "\"} 1\n";
  return out;
}

}  // namespace berth::agent::endpoints
