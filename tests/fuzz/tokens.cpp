// Tokens: those of pages, for every operation that lists, and those by which a call is repeated. Lines: "page
// N SIZE TOKEN" asks the Nth list for a page ("$" is the token that the last page ended with), "run COUNT
// TOKEN" and "serve COUNT TOKEN" give a token of their own, "stop" ends a task.
#include <algorithm>

#include "common/text/number.hpp"
#include "tests/fuzz/api_play.hpp"

namespace {

using namespace berth;
using controller::Json;

struct Listing {
  const char* operation;
  const char* member;
  const char* input;
};

constexpr Listing kListings[] = {
    {"ListClusters", "clusterArns", "{}"},
    {"ListContainerInstances", "containerInstanceArns", "{}"},
    {"ListTasks", "taskArns", "{}"},
    {"ListTasks", "taskArns", R"({"desiredStatus":"STOPPED"})"},
    {"ListTaskDefinitions", "taskDefinitionArns", "{}"},
    {"ListTaskDefinitions", "taskDefinitionArns", R"({"sort":"DESC"})"},
    {"ListTaskDefinitionFamilies", "families", "{}"},
    {"ListAttributes", "attributes", R"({"targetType":"container-instance"})"},
    {"ListServices", "serviceArns", "{}"},
    {"ListServiceDeployments", "serviceDeployments", R"({"service":"web"})"},
    {"ListAccountSettings", "settings", R"({"effectiveSettings":true})"},
    {"DescribeCapacityProviders", "capacityProviders", "{}"},
};

/// JSON that a client can send has text of UTF-8 alone.
Json asSent(std::string_view text) {
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace));
}

class TokenPlay {
 public:
  TokenPlay() {
    for (int i = 0; i < 4; ++i) {
      const std::string digit = std::to_string(i);
      play_.make("CreateCluster", Json{{"clusterName", "c" + digit}});
      play_.make(
          "CreateCapacityProvider",
          Json{{"name", "p" + digit}, {"autoScalingGroupProvider", {{"autoScalingGroupArn", "g" + digit}}}});
      Json definition = Json::parse(R"({"containerDefinitions":[{"name":"app","image":"i","memory":8}]})");
      definition["family"] = i % 3 == 0 ? "web" : "f" + digit;
      play_.make("RegisterTaskDefinition", definition);
      Json attribute{{"name", "a" + digit}, {"targetId", "$containerInstanceArn"}};
      play_.make("PutAttributes", Json{{"attributes", Json::array({attribute})}});
    }
    play_.make("RunTask", Json{{"taskDefinition", "web"}, {"count", 4}});
    serve("web", 1, "");
    for (int i = 0; i < 3; ++i) {
      play_.make("UpdateService", Json{{"service", "web"}, {"forceNewDeployment", true}});
    }
  }

  void line(std::string_view text) {
    const std::string_view word = take(text);
    const int64_t number = std::clamp<int64_t>(parseNumber<int32_t>(take(text)).value_or(0), -1, 1000);
    if (word == "page") {
      const int64_t size = parseNumber<int32_t>(take(text)).value_or(0);
      turn(kListings[static_cast<size_t>(number + 1) % std::size(kListings)], size, text);
    } else if (word == "run") {
      runTwice(number, text);
    } else if (word == "serve") {
      serveTwice(number, text);
    } else if (word == "stop") {
      play_.call("StopTask", Json{{"task", "$taskArn"}});
    }
  }

 private:
  static std::string_view take(std::string_view& rest) {
    const size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return word;
  }

  /// The items from the page of `token` on, by pages of `size` (0: the usual one).
  std::vector<Json> walk(const Listing& listing, int64_t size, std::string token) {
    std::vector<Json> out;
    for (int pages = 0; pages == 0 || !token.empty(); ++pages) {
      fuzz::require(pages < 1000, "pages come to an end", listing.operation);
      Json input = Json::parse(listing.input);
      if (size > 0) input["maxResults"] = size;
      if (!token.empty()) input["nextToken"] = token;
      const Json answer = play_.call(listing.operation, input);
      fuzz::require(!answer.is_null(), "a token that was given is taken", token);
      for (const Json& one : answer[listing.member]) out.push_back(one);
      token = answer.value("nextToken", "");
    }
    return out;
  }

  void turn(const Listing& listing, int64_t size, std::string_view token) {
    const std::vector<Json> all = walk(listing, 0, "");
    Json input = Json::parse(listing.input);
    input["maxResults"] = size;
    input["nextToken"] = token == "$" ? Json(next_) : asSent(token);
    const auto answer = play_.ask(listing.operation, input);
    if (const auto* error = std::get_if<aws::ApiError>(&answer)) {
      fuzz::require(error->type == "InvalidParameterException", "a bad token or size is named so",
                    error->type);
      return;
    }
    const Json& page = std::get<Json>(answer);
    const Json& items = page[listing.member];
    next_ = page.value("nextToken", "");
    fuzz::require(std::ssize(items) <= size, "a page is no longer than asked for", listing.operation);
    fuzz::require(next_.empty() || std::ssize(items) == size, "only the last page is short",
                  listing.operation);
    std::vector<Json> rest(items.begin(), items.end());
    if (!next_.empty()) {
      const std::vector<Json> more = walk(listing, size, next_);
      fuzz::require(!more.empty(), "a token leads to something", next_);
      rest.insert(rest.end(), more.begin(), more.end());
    }
    const bool tail = rest.size() <= all.size() && std::equal(rest.rbegin(), rest.rend(), all.rbegin());
    fuzz::require(tail, "from a token on nothing is left out and nothing comes twice", listing.operation);
  }

  /// The ARNs of the tasks of an answer; empty after an error.
  static std::vector<std::string> tasksIn(const fuzz::ApiPlay::Answer& answer) {
    std::vector<std::string> out;
    const auto* reply = std::get_if<Json>(&answer);
    if (reply == nullptr) return out;
    for (const Json& task : (*reply)["tasks"]) out.push_back(task["taskArn"]);
    return out;
  }

  void runTwice(int64_t count, std::string_view token) {
    Json input{{"taskDefinition", "web"}, {"count", count}, {"clientToken", asSent(token)}};
    const std::vector<std::string> first = tasksIn(play_.ask("RunTask", input));
    if (first.empty() || token.empty()) return;
    const size_t tasks = play_.core.state().tasks().size();
    fuzz::require(tasksIn(play_.ask("RunTask", input)) == first, "a token stands for the same tasks", token);
    input["count"] = count % 10 + 1;
    if (input["count"] != count) {
      const auto other = play_.ask("RunTask", input);
      const auto* error = std::get_if<aws::ApiError>(&other);
      fuzz::require(error && error->type == "ConflictException", "a token stands for one request", token);
    }
    fuzz::require(play_.core.state().tasks().size() == tasks, "a repetition starts nothing", token);
  }

  fuzz::ApiPlay::Answer serve(const std::string& name, int64_t count, std::string_view token) {
    Json input{{"serviceName", name}, {"taskDefinition", "web"}, {"desiredCount", count}};
    if (!token.empty()) input["clientToken"] = asSent(token);
    return play_.ask("CreateService", input);
  }

  /// What no call after the first one changes of the service that it answers.
  static Json madeBy(const fuzz::ApiPlay::Answer& answer) {
    const Json& service = std::get<Json>(answer)["service"];
    return {service["serviceArn"], service["createdAt"], service["desiredCount"],
            service["deployments"][0]["id"]};
  }

  void serveTwice(int64_t count, std::string_view token) {
    const std::string name = "s" + std::to_string(play_.core.state().services().size());
    const auto first = serve(name, count, token);
    if (!std::holds_alternative<Json>(first)) return;
    const size_t services = play_.core.state().services().size();
    const auto again = serve(name, count, token);
    // Its tasks have begun meanwhile.
    fuzz::require(std::holds_alternative<Json>(again) && madeBy(again) == madeBy(first),
                  "a repetition is answered with the service of the first call", token);
    fuzz::require(play_.core.state().services().size() == services, "a repetition makes nothing", token);
  }

  fuzz::ApiPlay play_;
  std::string next_;
};

}  // namespace

BERTH_FUZZ_TARGET(tokens) {
  TokenPlay play;
  for (int lines = 0; !input.empty() && lines < 8; ++lines) play.line(fuzz::takeLine(input));
}
