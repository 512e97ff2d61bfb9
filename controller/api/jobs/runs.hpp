// Runs of jobs in the making: staged in a transaction, whoever asked for them.
#pragma once

#include <string>

#include "controller/api/context.hpp"
#include "controller/model/jobs.hpp"

namespace berth::controller {

/// Open runs of one job at most.
inline constexpr size_t kMostOpenRuns = 100;

/// Stages a run of a job, `run` with its id, trigger and moments: DUE, or as its overlap says SKIPPED, or
/// WAITING while the runs before it are stopped.
JobRun stageRun(Transaction& tx, const Job& job, JobRun run, Now now);

/// Stages the end of a run. A task of RunTask that was tried again leaves nothing; a job's run that waited
/// for this one is due now.
void endRun(Transaction& tx, JobRun run, JobRunState state, const std::string& reason, Now now);

/// Stages that a task is to stop, for which `by` is no caller but a rule. One that waits for a place is
/// STOPPED at once.
void stopByRule(Transaction& tx, Task task, const std::string& reason, const std::string& by, Now now);

/// The input of RunTask for an attempt of a run, the first is 1.
Json attemptInput(const ecs::Names& names, const JobRun& run, size_t attempt);

/// A run of a job by its moment, with an id that no other run of the job has.
JobRun runByHand(const State& state, const Job& job, Now now);

}  // namespace berth::controller
