// Keeps jobs' promises: begins runs when they are due, notes what came of their tasks, tries again what
// failed, and stops tasks that have run for as long as they may. What is due when follows from the state
// alone, so a restart goes on where it was.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "controller/api/context.hpp"
#include "controller/model/state.hpp"

namespace berth::controller {

/// Belongs to one state, which must outlive it.
class JobKeeper {
 public:
  explicit JobKeeper(const State& state) : state_(state) {}

  /// A mutation has been applied to the state.
  void note(const Mutation& mutation);
  /// Takes over all of a state that was loaded.
  void load();

  /// How it changes the state: `transaction` makes one, `context` adds what actions get to work with on
  /// behalf of `owner`, `commit` applies it to the state, which notes it here.
  struct Hands {
    std::function<ApiResult<Json>(Transaction&, const std::string& owner, const Json& input,
                                  const std::function<ApiResult<Json>(Context&)>&)>
        perform;
    std::function<void(Transaction&)> commit;
    const ecs::Names& names;
    const Zones& zones;
    Random& random;
  };
  /// Does what is due, or as much of it as one call may.
  void work(const Hands& hands, Now now);
  /// To be called as often as the clock is read: so it is seen that it was set back.
  void noteClock(Now now);
  /// Whether there is something to do.
  bool isDue(Now now) const;
  /// When there is something to do next.
  std::optional<WallTime> nextDeadline() const;

 private:
  using Due = std::set<std::pair<WallTime, std::string>>;
  struct KnownRun {
    std::optional<WallTime> due;
    std::vector<std::string> tasks;
  };

  void noteJob(const std::string& key, const Job* job);
  void noteRun(const std::string& key, const JobRun* run);
  void noteTask(const std::string& id, const Task* task);
  bool allStopped(const JobRun& run) const;
  /// The wall clock may have been set back, since the last call or before the start.
  void followClockBack(const Hands& hands, Now now);
  /// A job's moment has come.
  void fire(const Hands& hands, const Job& job, Now now);
  void begin(const Hands& hands, const JobRun& run, Now now);
  void conclude(const Hands& hands, const JobRun& run, Now now);
  /// The last attempt of a run is over.
  void after(const Hands& hands, JobRun run, const struct TaskEnd& end, Now now);
  void stopOld(const Hands& hands, const std::string& task, Now now);
  /// Erases the oldest runs that are over.
  void trim(const Hands& hands, const std::string& job);

  const State& state_;
  std::optional<Now> seen_;  ///< by noteClock()
  bool wentBack_ = false;    ///< the wall clock, perhaps, and nothing has been done about it yet
  Due jobs_due_;             ///< keys of jobs by their next moment
  Due runs_due_;             ///< keys of runs by their next attempt
  Due lives_;                ///< ids of tasks by when they have to end
  std::unordered_map<std::string, WallTime> job_moments_;
  std::unordered_map<std::string, KnownRun> runs_;  ///< open ones
  std::unordered_map<std::string, WallTime> lifetimes_;
  std::unordered_map<std::string, std::string> run_of_;  ///< task -> the run whose last attempt it is of
  std::set<std::string> ended_;                          ///< runs whose tasks have all stopped
};

}  // namespace berth::controller
