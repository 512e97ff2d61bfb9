#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/definition.hpp"
#include "cli/commands/lookup.hpp"
#include "cli/commands/session.hpp"
#include "cli/commands/values.hpp"
#include "cli/compose/yaml_json.hpp"
#include "common/time/timestamp.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

struct JobsOptions {
  std::string name;
  std::string file;
  bool json = false;
};

/// The path of a job, and of what is behind it ("/run").
Ask jobAsk(const Session& session, const std::string& method, const std::string& name,
           const std::string& behind = "") {
  Ask ask{method, "/v1/jobs", {{"cluster", session.target.cluster.value}}, ""};
  if (!name.empty()) ask.path += "/" + http::percentEncode(name) + behind;
  return ask;
}

Result<json> allJobs(const Session& session) {
  auto answer = session.api.ask(jobAsk(session, "GET", ""));
  if (!answer) return answer.error();
  return listAt(*answer, "jobs");
}

/// The whole name of a job out of its beginning.
Result<std::string> findJob(const Session& session, const std::string& text) {
  auto jobs = allJobs(session);
  if (!jobs) return jobs.error();
  std::vector<Candidate> candidates;
  for (const json& job : *jobs) candidates.push_back({textAt(job, "jobArn"), textAt(job, "name"), ""});
  auto found = pick("job", text, candidates);
  if (!found) return found.error();
  return found->id;
}

/// How far a moment is away: "in 5m", "3h ago".
std::string distanceOf(const Session& session, const std::string& text) {
  const auto time = parseTimestamp(text);
  if (!time) return "";
  const Duration ahead = *time - session.api.now();
  return ahead > Duration(0) ? "in " + ageOf(ahead) : ageOf(-ahead) + " ago";
}

Tone toneOfRun(const std::string& state) {
  if (state == "SUCCEEDED") return Tone::Good;
  return state == "FAILED" ? Tone::Bad : toneOf(state);
}

Result<int> listJobs(const Session& session, const JobsOptions& options) {
  auto jobs = allJobs(session);
  if (!jobs) return jobs.error();
  if (options.json) {
    session.print({{"jobs", *jobs}});
    return exits::kDone;
  }
  std::vector<std::vector<Cell>> rows;
  for (const json& job : *jobs) {
    const json last = job.value("lastRun", json());
    const std::string state = textAt(last, "state");
    rows.push_back({textAt(job, "name"),
                    textAt(job, "schedule"),
                    idOf(textAt(job, "taskDefinition")),
                    flagAt(job, "paused") ? Cell("paused", Tone::Wait)
                                          : Cell(distanceOf(session, textAt(job, "nextRun"))),
                    std::to_string(numberAt(job, "openRuns")),
                    {state, toneOfRun(state)},
                    distanceOf(session, textAt(last, "scheduledFor"))});
  }
  session.table({{"NAME"}, {"SCHEDULE"}, {"DEFINITION"}, {"NEXT"}, {"OPEN", true}, {"LAST"}, {"WHEN"}}, rows);
  return exits::kDone;
}

Result<int> showJob(const Session& session, const JobsOptions& options) {
  auto name = findJob(session, options.name);
  if (!name) return name.error();
  auto answer = session.api.ask(jobAsk(session, "GET", *name));
  if (!answer) return answer.error();
  session.print((*answer)["job"]);
  return exits::kDone;
}

Result<int> showRuns(const Session& session, const JobsOptions& options) {
  auto name = findJob(session, options.name);
  if (!name) return name.error();
  auto answer = session.api.ask(jobAsk(session, "GET", *name, "/runs"));
  if (!answer) return answer.error();
  if (options.json) {
    session.print(*answer);
    return exits::kDone;
  }
  std::vector<std::vector<Cell>> rows;
  for (const json& run : listAt(*answer, "runs")) {
    const std::string state = textAt(run, "state");
    const json& attempts = listAt(run, "attempts");
    std::string tasks;
    for (const json& task : attempts.empty() ? json::array() : listAt(attempts.back(), "tasks"))
      tasks += (tasks.empty() ? "" : ",") + idOf(task.get<std::string>());
    std::string reason = textAt(run, "reason");
    if (reason.empty() && !attempts.empty()) reason = textAt(attempts.back(), "reason");
    rows.push_back({textAt(run, "scheduledFor"),
                    textAt(run, "trigger"),
                    {state, toneOfRun(state)},
                    std::to_string(attempts.size()),
                    tasks,
                    reason});
  }
  session.table({{"SCHEDULED"}, {"BY"}, {"STATE"}, {"ATTEMPTS", true}, {"TASKS"}, {"REASON"}}, rows);
  return exits::kDone;
}

/// "run", "pause", "resume": what a job is told.
Result<int> tellJob(const Session& session, const JobsOptions& options, const std::string& verb) {
  auto name = findJob(session, options.name);
  if (!name) return name.error();
  auto answer = session.api.ask(jobAsk(session, "POST", *name, "/" + verb));
  if (!answer) return answer.error();
  if (verb == "run") {
    const json run = answer->value("run", json::object());
    session.out << "job " << *name << ": run " << textAt(run, "id") << " " << textAt(run, "state") << "\n";
  } else {
    session.out << "job " << *name << (verb == "pause" ? " is paused" : " goes on") << "\n";
  }
  return exits::kDone;
}

Result<int> deleteJob(const Session& session, const JobsOptions& options) {
  auto name = findJob(session, options.name);
  if (!name) return name.error();
  auto answer = session.api.ask(jobAsk(session, "DELETE", *name));
  if (!answer) return answer.error();
  session.out << "job " << *name << " deleted; tasks of it that run go on\n";
  return exits::kDone;
}

Result<int> applyJob(const Session& session, const JobsOptions& options) {
  auto text = readTextFile(options.file);
  if (!text) return text.error();
  auto body = jsonOfYaml(*text, options.file);
  if (!body) return body.error();
  const std::string name = textAt(*body, "name");
  if (name.empty() || !body->contains("taskDefinition"))
    return makeError(Code::InvalidArgument, options.file + ": a job needs `name` and `taskDefinition`");
  body->erase("name");
  if ((*body)["taskDefinition"].is_object()) {
    auto registered = registerDefinition(session, (*body)["taskDefinition"]);
    if (!registered) return registered.error();
    (*body)["taskDefinition"] = *registered;
  }
  Ask ask = jobAsk(session, "PUT", name);
  if (body->contains("cluster")) ask.query.clear();
  ask.body = body->dump();
  auto answer = session.api.ask(ask);
  if (!answer) return answer.error();
  const json job = answer->value("job", json::object());
  const std::string next = textAt(job, "nextRun");
  session.out << "job " << name << " of " << idOf(textAt(job, "taskDefinition"))
              << (next.empty() ? "" : ", next run " + next + " (" + distanceOf(session, next) + ")") << "\n";
  return exits::kDone;
}

/// A command below `jobs`.
void addJobCommand(CLI::App* jobs, Chosen& chosen, const std::shared_ptr<JobsOptions>& options,
                   const char* name, const char* text,
                   std::function<Result<int>(const Session&, const JobsOptions&)> work) {
  CLI::App* sub = jobs->add_subcommand(name, text);
  const std::string word = name;
  if (word == "apply") {
    sub->add_option("file", options->file, "YAML or JSON: `name`, and what docs/jobs.md has")
        ->required()
        ->type_name("FILE");
  } else if (word != "list") {
    sub->add_option("name", options->name, "Its name or the beginning of it")->required()->type_name("JOB");
  }
  if (word == "list" || word == "runs") sub->add_flag("--json", options->json, "As the controller tells it");
  sub->fallthrough();
  sub->callback([&chosen, options, work] {
    chosen.work = [options, work](Session& session) { return work(session, *options); };
  });
}

}  // namespace

void addJobs(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<JobsOptions>();
  CLI::App* jobs = app.add_subcommand("jobs", "Jobs: tasks that run on a schedule, or when they are told to");
  const auto tells = [](const char* verb) {
    return [verb](const Session& session, const JobsOptions& given) { return tellJob(session, given, verb); };
  };
  addJobCommand(jobs, chosen, options, "list", "All of the cluster, with their last run", listJobs);
  addJobCommand(jobs, chosen, options, "show", "All of one, as JSON", showJob);
  addJobCommand(jobs, chosen, options, "runs", "Its runs, the newest first", showRuns);
  addJobCommand(jobs, chosen, options, "run", "Run it now, as its overlap allows", tells("run"));
  addJobCommand(jobs, chosen, options, "pause", "Begin no run by the schedule", tells("pause"));
  addJobCommand(jobs, chosen, options, "resume", "Go on; what was due meanwhile is not run", tells("resume"));
  addJobCommand(jobs, chosen, options, "apply", "Create or change the job that a file describes", applyJob);
  addJobCommand(jobs, chosen, options, "delete", "Forget it and its history", deleteJob);
  jobs->require_subcommand(1);
}

}  // namespace berth::cli
