#include "controller/api/jobs/read.hpp"

#include <algorithm>
#include <span>

#include "common/config/suggest.hpp"
#include "controller/api/task_policy.hpp"
#include "proto/ecs/validate.hpp"

namespace berth::controller {
namespace {

constexpr int64_t kMostKept = 1000;

const std::vector<std::string> kMembers = {"cluster",   "schedule",    "timezone", "taskDefinition", "count",
                                           "overrides", "run",         "overlap",  "missed",         "paused",
                                           "retry",     "maxLifetime", "keepRuns"};
const std::vector<std::string> kRetryMembers = {"attempts", "backoff", "maxBackoff", "onExitCodes",
                                                "onReasons"};
/// Members of RunTask that a job says elsewhere, or makes by itself.
const std::vector<std::string> kNotInRun = {"cluster",   "taskDefinition", "count",
                                            "overrides", "clientToken",    "startedBy"};

/// The first member that is none of those, with a way out.
std::optional<ApiError> unknownMember(const Json& object, std::span<const std::string> known,
                                      const std::string& path) {
  for (const auto& [name, value] : object.items()) {
    if (std::ranges::find(known, name) != known.end()) continue;
    const auto near = config::nearest(name, known);
    std::string all;
    for (const std::string& one : known) all += (all.empty() ? "" : ", ") + one;
    return invalidParameter("There is no member '" + path + name.substr(0, 100) +
                            "': " + (near ? "did you mean '" + path + *near + "'?" : "use " + all + "."));
  }
  return std::nullopt;
}

/// The same at every level of a shape.
std::optional<ApiError> unknownIn(const ecs::Shape& shape, const Json& value, const std::string& path) {
  if (shape.type == ecs::ShapeType::List && value.is_array()) {
    for (const Json& one : value) {
      if (auto error = unknownIn(*shape.element, one, path)) return error;
    }
  }
  if (shape.type != ecs::ShapeType::Structure || !value.is_object()) return std::nullopt;
  std::vector<std::string> known;
  for (const ecs::Member& member : shape.members) known.push_back(member.name);
  if (auto error = unknownMember(value, known, path)) return error;
  for (const auto& [name, inner] : value.items()) {
    if (auto error = unknownIn(*shape.member(name)->shape, inner, path + name + ".")) return error;
  }
  return std::nullopt;
}

/// Reads the members of a body; the first that is wrong stays.
class BodyReader {
 public:
  BodyReader(const Json& object, std::string path) : object_(object), path_(std::move(path)) {}

  std::string str(const char* name, std::string fallback) {
    const Json* value = find(name, "a text", [](const Json& one) { return one.is_string(); });
    return value ? value->get<std::string>() : std::move(fallback);
  }
  bool boolean(const char* name, bool fallback) {
    const Json* value = find(name, "true or false", [](const Json& one) { return one.is_boolean(); });
    return value ? value->get<bool>() : fallback;
  }
  int64_t integer(const char* name, int64_t fallback) {
    const Json* value = find(name, "a whole number", isWhole);
    return value ? value->get<int64_t>() : fallback;
  }
  int64_t millis(const char* name, int64_t fallback, Duration longest) {
    const Json* value = find(name, "a duration, like \"10m\"", [&](const Json& one) {
      const auto read = one.is_string() ? parseDuration(one.get<std::string>()) : std::nullopt;
      return read && *read >= std::chrono::milliseconds(1) && *read <= longest;
    });
    if (!value) return fallback;
    const Duration read = *parseDuration(value->get<std::string>());
    return std::chrono::duration_cast<std::chrono::milliseconds>(read).count();
  }
  std::vector<int64_t> integers(const char* name) {
    const Json* value = find(name, "a list of whole numbers", [](const Json& one) {
      return one.is_array() && std::ranges::all_of(one, isWhole);
    });
    return value ? value->get<std::vector<int64_t>>() : std::vector<int64_t>{};
  }
  std::vector<std::string> strings(const char* name) {
    const Json* value = find(name, "a list of texts", [](const Json& one) {
      return one.is_array() && std::ranges::all_of(one, [](const Json& text) { return text.is_string(); });
    });
    return value ? value->get<std::vector<std::string>>() : std::vector<std::string>{};
  }
  Json object(const char* name) {
    const Json* value = find(name, "an object", [](const Json& one) { return one.is_object(); });
    return value ? *value : Json::object();
  }
  /// One of the words whose name is the text.
  template <class Word>
  Word word(const char* name, std::initializer_list<Word> words, Word fallback) {
    std::string all;
    for (const Word one : words) all += (all.empty() ? "" : ", ") + std::string(controller::name(one));
    const auto is_word = [&](const Json& value) {
      return value.is_string() &&
             std::ranges::any_of(words, [&](Word one) { return value == controller::name(one); });
    };
    const Json* value = find(name, "one of " + all, is_word);
    if (!value) return fallback;
    return *std::ranges::find_if(words, [&](Word one) { return *value == controller::name(one); });
  }
  void fault(const std::string& message) {
    if (!error_) error_ = invalidParameter(message);
  }
  const std::optional<ApiError>& error() const { return error_; }

 private:
  static bool isWhole(const Json& one) {
    const bool fits = !one.is_number_unsigned() || one.get<uint64_t>() <= uint64_t{INT64_MAX};
    return one.is_number_integer() && fits;
  }
  template <class Is>
  const Json* find(const char* name, const std::string& what, Is is) {
    const auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) return nullptr;
    if (is(*found)) return &*found;
    fault("'" + path_ + name + "' must be " + what + ".");
    return nullptr;
  }

  const Json& object_;
  std::string path_;
  std::optional<ApiError> error_;
};

ApiResult<RetryRules> readRetry(const Json& object) {
  RetryRules out;
  if (auto error = unknownMember(object, kRetryMembers, "retry.")) return *error;
  BodyReader body(object, "retry.");
  out.attempts = body.integer("attempts", out.attempts);
  out.backoffMillis = body.millis("backoff", out.backoffMillis, kLongestBackoff);
  out.maxBackoffMillis =
      body.millis("maxBackoff", std::max(out.maxBackoffMillis, out.backoffMillis), kLongestBackoff);
  out.onExitCodes = body.integers("onExitCodes");
  out.onReasons = body.strings("onReasons");
  if (body.error()) return *body.error();
  if (auto broken = brokenRetry(out)) return invalidParameter("retry." + *broken + ".");
  return out;
}

/// Beside what RunTask checks: the tags by which RunTask does what a job says by itself.
std::optional<ApiError> checkRun(const Json& run) {
  const ecs::Shape& shape = *ecs::model().findOperation("RunTask")->input;
  for (const std::string& name : kNotInRun) {
    if (!run.contains(name)) continue;
    const bool above = std::ranges::find(kMembers, name) != kMembers.end();
    return invalidParameter("'run." + name + "' " +
                            (above ? "goes outside of 'run'." : "is set by each run itself: leave it out."));
  }
  if (auto error = unknownIn(shape, run, "run.")) return error;
  const auto tags = run.find("tags");
  if (tags == run.end() || !tags->is_array()) return std::nullopt;
  for (const Json& tag : *tags) {
    const auto key = tag.is_object() ? tag.find("key") : tag.end();
    if (!tag.is_object() || key == tag.end() || !key->is_string()) continue;
    const auto name = key->get<std::string>();
    if (name.starts_with(kRetryTags) || name == kMaxLifetimeTag)
      return invalidParameter("The tag " + name.substr(0, 100) + " is for RunTask: use the job's " +
                              (name == kMaxLifetimeTag ? "maxLifetime." : "retry."));
  }
  return std::nullopt;
}

}  // namespace

Json launchInputOf(const Json& body, const std::string& cluster) {
  Json out = body.value("run", Json());
  if (!out.is_object()) out = Json::object();
  for (const char* member : {"taskDefinition", "count", "overrides"}) {
    if (const auto found = body.find(member); found != body.end() && !found->is_null()) out[member] = *found;
  }
  out["cluster"] = cluster;
  return out;
}

ApiResult<Job> readJob(const Json& json, const Job* known) {
  if (auto error = unknownMember(json, kMembers, "")) return *error;
  BodyReader body(json, "");
  Job out;
  out.schedule = body.str("schedule", "");
  out.timezone = body.str("timezone", out.timezone);
  out.overlap = body.word("overlap", {Overlap::Allow, Overlap::Skip, Overlap::Replace}, out.overlap);
  out.missed = body.word("missed", {Missed::Once, Missed::Skip}, out.missed);
  out.paused = body.boolean("paused", known && known->paused);
  out.maxLifetimeMillis = body.millis("maxLifetime", 0, kLongestLifetime);
  out.keepRuns = body.integer("keepRuns", out.keepRuns);
  if (out.keepRuns < 1 || out.keepRuns > kMostKept)
    body.fault("'keepRuns' must be from 1 to " + std::to_string(kMostKept) + ".");
  if (body.str("taskDefinition", "").empty())
    body.fault("'taskDefinition' is missing: give a family, family:revision or ARN.");
  const Json retry = body.object("retry");
  const Json run = body.object("run");
  static_cast<void>(body.object("overrides"));
  static_cast<void>(body.integer("count", 1));
  if (body.error()) return *body.error();
  BERTH_API_TRY(rules, readRetry(retry));
  out.retry = rules;
  if (auto error = checkRun(run)) return *error;
  const ecs::Operation& operation = *ecs::model().findOperation("RunTask");
  Json overrides = json.value("overrides", Json());
  if (auto error = unknownIn(*operation.input->member("overrides")->shape, overrides, "overrides."))
    return *error;
  return out;
}

}  // namespace berth::controller
