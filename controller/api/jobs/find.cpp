#include "controller/api/jobs/find.hpp"

#include "controller/jobs/occurrence.hpp"
#include "controller/jobs/schedule.hpp"

namespace berth::controller {

ApiError noSuchThing(std::string message) {
  return ApiError{"ResourceNotFoundException", std::move(message), 404};
}

ApiResult<const Job*> findJob(const Context& context) {
  const auto cluster = context.names.parseCluster(text(context.input, "cluster", "default"));
  if (!cluster) return invalidParameter(cluster.error().message);
  const std::string name = text(context.input, "name");
  const Job* job = context.state().job(Job::keyOf(cluster->str(), name));
  if (!job)
    return noSuchThing("There is no job '" + name.substr(0, 100) + "' in the cluster " + cluster->str() +
                       ".");
  return job;
}

std::optional<WallTime> nextRunOf(const Job& job, const Zones& zones, WallTime now) {
  if (job.schedule.empty()) return std::nullopt;
  const auto schedule = parseSchedule(job.schedule);
  const auto zone = zones.find(job.timezone);
  if (!schedule || !zone) return std::nullopt;
  return nextAfter(*schedule, *zone, job.anchor, now);
}

std::optional<ApiError> checkSchedule(const Job& job, const Zones& zones, WallTime now) {
  if (!zones.find(job.timezone)) {
    return invalidParameter("timezone '" + job.timezone.substr(0, 100) +
                            "': there is no such time zone: use a name like Europe/Berlin, or UTC.");
  }
  if (job.schedule.empty()) return std::nullopt;
  const auto schedule = parseSchedule(job.schedule);
  if (!schedule) return invalidParameter(schedule.error().message);
  if (nextRunOf(job, zones, now)) return std::nullopt;
  return invalidParameter("schedule '" + job.schedule + "': it is never due again.");
}

}  // namespace berth::controller
