#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/commands/lookup.hpp"
#include "cli/commands/session.hpp"
#include "cli/commands/values.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

constexpr Duration kQuietest =
    std::chrono::seconds(75);  ///< an empty line comes before, where nothing else does
constexpr Duration kLongestBreak = std::chrono::seconds(10);
constexpr Duration kRestart = std::chrono::seconds(1);  ///< what a restart, or the news of an end, may take

struct LogsOptions {
  std::string what;
  std::string container;
  std::string since;
  std::string tail;
  bool follow = false;
  bool times = false;
  bool json = false;
};

/// Lines of /v1/logs, written as they come.
class Lines {
 public:
  Lines(const Session& session, const LogsOptions& options) : session_(session), options_(options) {}

  void feed(std::string_view bytes) {
    rest_ += bytes;
    size_t from = 0;
    for (size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', from)) {
      show(rest_.substr(from, end - from));
      from = end + 1;
    }
    rest_.erase(0, from);
    session_.out.flush();
  }

  /// The time of the last line: where to go on.
  const std::string& last() const { return last_; }
  /// What ended the stream before its end, or nothing.
  const std::string& broken() const { return broken_; }
  /// The last line comes again when the stream goes on behind it.
  void goOn() {
    skipped_ = seen_;
    broken_.clear();
    rest_.clear();
  }

 private:
  void show(const std::string& text) {
    if (text.empty()) return;
    const json line = json::parse(text, nullptr, false);
    if (line.is_discarded()) return;
    if (line.contains("error")) {
      broken_ = textAt(line, "error") + ": " + textAt(line, "message");
      return;
    }
    if (skipped_.erase(text) > 0) return;
    const std::string time = textAt(line, "time");
    if (time != last_) seen_.clear();
    seen_.insert(text);
    last_ = time;
    if (options_.json) {
      session_.out << text << "\n";
      return;
    }
    if (options_.times) session_.out << session_.paint(time, Tone::Faint) << " ";
    if (options_.container.empty())
      session_.out << session_.paint(textAt(line, "container") + " | ", Tone::Faint);
    session_.out << textAt(line, "line") << (flagAt(line, "partial") ? "" : "\n");
  }

  const Session& session_;
  const LogsOptions& options_;
  std::string rest_;
  std::string last_;
  std::string broken_;
  std::set<std::string> seen_;     ///< lines of the last time
  std::set<std::string> skipped_;  ///< lines that come a second time
};

Ask askFor(const LogsOptions& options, const std::string& task, const std::string& since) {
  Ask ask{"GET", "/v1/logs", {}, ""};
  if (!options.container.empty()) ask.query.emplace_back("container", options.container);
  if (options.follow) ask.query.emplace_back("follow", "true");
  if (!since.empty()) ask.query.emplace_back("since", since);
  if (!options.tail.empty() && since == options.since) ask.query.emplace_back("tail", options.tail);
  ask.query.emplace_back("task", task);
  return ask;
}

/// "10m" means ten minutes ago.
std::string sinceOf(const Session& session, const std::string& text) {
  const auto ago = parseDuration(text);
  if (!ago) return text;
  return toRfc3339(std::chrono::time_point_cast<std::chrono::milliseconds>(session.api.now() - *ago));
}

/// Whether there is more to come of a stream that has ended: a restart policy has started a container again,
/// or is about to. False after an interrupt.
bool goesOn(const Session& session, const LogsOptions& options, const std::string& task) {
  if (!options.follow || !session.api.wait(kRestart)) return false;
  auto tasks = describeAll(session, "tasks", {task});
  if (!tasks || tasks->empty() || textAt((*tasks)[0], "desiredStatus") != "RUNNING") return false;
  return std::ranges::any_of(listAt((*tasks)[0], "containers"), [&](const json& container) {
    const bool wanted = options.container.empty() || textAt(container, "name") == options.container;
    return wanted && textAt(container, "lastStatus") == "RUNNING";
  });
}

Result<int> logs(const Session& session, LogsOptions options) {
  auto task = findTaskOrItsService(session, options.what);
  if (!task) return task.error();
  options.since = sinceOf(session, options.since);
  Lines lines(session, options);
  std::string since = options.since;
  Duration pause = std::chrono::milliseconds(200);
  for (;;) {
    const std::string before = lines.last();
    Status done =
        session.api.stream(askFor(options, task->arn, since), {}, kQuietest, [&](std::string_view bytes) {
          lines.feed(bytes);
          return true;
        });
    if (done && lines.broken().empty()) {
      if (!goesOn(session, options, task->arn)) return exits::kDone;
      if (!lines.last().empty()) since = lines.last();
      lines.goOn();
      continue;
    }
    const bool helps = options.follow && (done || done.error().retryable);
    const std::string why = done ? lines.broken() : done.error().message;
    if (!helps && !done) return done.error();
    if (!helps) return makeError(Code::Unavailable, "not all of the output came: " + why);
    if (lines.last() != before) pause = std::chrono::milliseconds(200);
    session.err << "berth: the stream broke (" << why << "); going on\n";
    if (!session.api.wait(pause)) return exits::kStopped;
    pause = std::min<Duration>(pause * 2, kLongestBreak);
    if (!lines.last().empty()) since = lines.last();
    lines.goOn();
  }
}

}  // namespace

void addLogs(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<LogsOptions>();
  CLI::App* sub = app.add_subcommand("logs", "What the containers of a task have written");
  sub->add_option("task", options->what, "The beginning of its id, or a service with one task")
      ->required()
      ->type_name("TASK");
  sub->add_option("--container", options->container, "Only of this one")->type_name("NAME");
  sub->add_flag("-f,--follow", options->follow, "Go on with what comes");
  sub->add_option("--since", options->since, "A time (2026-11-27T18:00:00Z), or how long ago (10m)")
      ->type_name("TIME");
  sub->add_option("--tail", options->tail, "The last lines of each container")->type_name("N");
  sub->add_flag("-t,--timestamps", options->times, "With the time of each line");
  sub->add_flag("--json", options->json, "One JSON object a line, as the controller tells it");
  sub->callback(
      [&chosen, options] { chosen.work = [options](Session& session) { return logs(session, *options); }; });
}

}  // namespace berth::cli
