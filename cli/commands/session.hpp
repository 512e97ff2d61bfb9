// What a command works with.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <ostream>
#include <string>

#include "cli/api/connection.hpp"
#include "cli/config/target.hpp"
#include "cli/table/table.hpp"
#include "common/result/result.hpp"

namespace CLI {
class App;
}

namespace berth::cli {

namespace exits {
inline constexpr int kDone = 0;       ///< done
inline constexpr int kFailed = 1;     ///< refused, not found, not reached, or what was waited for went wrong
inline constexpr int kUsage = 2;      ///< what was typed, a file or a profile is wrong
inline constexpr int kStopped = 130;  ///< Ctrl-C
}  // namespace exits

struct Session {
  Connection& api;
  const Target& target;
  Terminal terminal;
  bool input = false;  ///< standard input is a terminal
  std::ostream& out;
  std::ostream& err;

  /// An operation of the API on the session's cluster: adds the member `cluster`.
  Result<nlohmann::json> inCluster(const std::string& operation, nlohmann::json members) const;
  Result<nlohmann::json> listInCluster(const std::string& operation, nlohmann::json members,
                                       const std::string& list, size_t most = SIZE_MAX,
                                       bool* more = nullptr) const;
  std::string paint(std::string_view text, Tone tone) const { return painted(text, tone, terminal); }
  /// For programs: one JSON value, indented.
  void print(const nlohmann::json& value) const;
  void table(const std::vector<Column>& columns, const std::vector<std::vector<Cell>>& rows) const;
};

/// A command with its options: what to do once the session is there. The int is the exit code.
using Work = std::function<Result<int>(Session&)>;

/// Filled in by the subcommand that was typed: `work` with a session, or `alone` without one.
struct Chosen {
  Work work;
  std::function<int()> alone;
};

/// Each declares its subcommand, which fills in `chosen`.
void addPs(CLI::App& app, Chosen& chosen);
void addNodes(CLI::App& app, Chosen& chosen);
void addDrain(CLI::App& app, Chosen& chosen);
void addServices(CLI::App& app, Chosen& chosen);
void addWhy(CLI::App& app, Chosen& chosen);
void addEvents(CLI::App& app, Chosen& chosen);
void addRun(CLI::App& app, Chosen& chosen);
void addStop(CLI::App& app, Chosen& chosen);
void addScale(CLI::App& app, Chosen& chosen);
void addDeploy(CLI::App& app, Chosen& chosen);
void addRollback(CLI::App& app, Chosen& chosen);
void addUp(CLI::App& app, Chosen& chosen);
void addDown(CLI::App& app, Chosen& chosen);
void addDoctor(CLI::App& app, Chosen& chosen);
void addDev(CLI::App& app, Chosen& chosen);
void addCompletion(CLI::App& app, Chosen& chosen);
void addLogs(CLI::App& app, Chosen& chosen);
void addExec(CLI::App& app, Chosen& chosen);
void addJobs(CLI::App& app, Chosen& chosen);
void addAlarms(CLI::App& app, Chosen& chosen);

}  // namespace berth::cli
