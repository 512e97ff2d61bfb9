// Where a task definition says that something is (the first line), and an environment file (the rest).
#include "agent/secrets/environment_file.hpp"

#include <algorithm>
#include <set>

#include "agent/secrets/fetch_plan.hpp"
#include "agent/secrets/sources/secret_name.hpp"
#include "agent/secrets/value_from.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;

void checkFile(std::string_view text) {
  const auto variables = agent::parseEnvironmentFile(text);
  if (!variables) {
    return fuzz::require(variables.error().message.starts_with("line "), "an error names the line");
  }
  // With what is dropped from a file, so that a name or value that begins or ends with it keeps its own.
  std::string written = "\xEF\xBB\xBF";
  for (const auto& [name, value] : *variables) {
    fuzz::require(!name.empty() && !value.empty(), "a variable has a name and a value", name);
    fuzz::require(!name.starts_with('#') && name.find('=') == std::string::npos, "a name is a name", name);
    fuzz::require(agent::isPlainText(name) && agent::isPlainText(value), "variables are plain text", value);
    written += name + "=" + value + "\r\n";
  }
  const auto again = agent::parseEnvironmentFile(written);
  fuzz::require(again.ok() && *again == *variables, "a file written again is the same", written);
  const agent::Environment own = {{"OWN", "1"}};
  const agent::Environment merged = agent::mergeEnvironment(own, {*variables, {{"LATE", "2"}}});
  fuzz::require(merged.at("OWN") == "1", "a container's own variable wins");
  fuzz::require(merged.at("LATE") == (variables->contains("LATE") ? variables->at("LATE") : "2"),
                "an earlier file wins", text);
}

void checkSecretRef(const std::string& text) {
  const auto ref = agent::parseSecretRef(text);
  if (!ref) return fuzz::require(!ref.error().message.empty(), "an error says why");
  const std::string parts = ":" + ref->jsonKey + ":" + ref->versionStage + ":" + ref->versionId;
  fuzz::require(text == ref->secretId || text == ref->secretId + parts, "a reference is its parts", text);
  const auto bare = agent::parseSecretRef(ref->secretId);
  fuzz::require(bare.ok() && bare->secretId == ref->secretId && bare->jsonKey.empty(),
                "a secret's name has no parts", text);
}

void checkObjectRef(const std::string& text) {
  const auto ref = agent::parseObjectRef(text);
  if (!ref) return fuzz::require(!ref.error().message.empty(), "an error says why");
  fuzz::require(text == "arn:" + ref->partition + ":s3:::" + ref->bucket + "/" + ref->key,
                "an object is its parts", text);
}

void checkPlan(const std::string& text) {
  std::vector<agent::SecretRequest> requests;
  for (const char* provider : {"ssm", "asm", ""}) requests.push_back({"NAME", text, provider, ""});
  for (int i = 0; i < 12; ++i) requests.push_back({"NAME", text + std::to_string(i), "ssm", "us-east-1"});
  const auto plan = agent::planFetch(requests, "eu-west-1");
  if (!plan) return fuzz::require(!plan.error().message.empty(), "an error says why");
  fuzz::require(plan->picks.size() == requests.size(), "each request has its place", text);
  for (const agent::ParameterBatch& batch : plan->batches) {
    const std::set<std::string> names(batch.names.begin(), batch.names.end());
    fuzz::require(names.size() == batch.names.size(), "a call asks for a name once", text);
    fuzz::require(!names.empty() && names.size() <= agent::kParametersPerCall, "a call has 1 to 10 names");
    fuzz::require(agent::isRegionName(batch.region), "a call goes to a region", batch.region);
  }
  for (const agent::Pick& pick : plan->picks) {
    if (!pick.parameter) {
      fuzz::require(pick.call < plan->secrets.size(), "a secret's call is there", text);
    } else {
      fuzz::require(pick.call < plan->batches.size() &&
                        std::ranges::count(plan->batches[pick.call].names, pick.name) == 1,
                    "a parameter is in its call", text);
    }
  }
}

void checkSecretName(const std::string& text) {
  const auto name = agent::parseSecretName(text, "file:");
  if (!name) return fuzz::require(!name.error().message.empty(), "an error says why");
  std::string whole = "file:";
  for (const std::string& part : name->path) {
    fuzz::require(!part.empty() && part != "." && part != ".." && part.find('/') == std::string::npos &&
                      part.find('\0') == std::string::npos,
                  "no part leads elsewhere", text);
    whole += "/" + part;
  }
  const auto again = agent::parseSecretName(whole + "#" + name->jsonKey, "file:");
  fuzz::require(again.ok() && again->path == name->path && again->jsonKey == name->jsonKey,
                "a name written again is the same", text);
}

}  // namespace

BERTH_FUZZ_TARGET(environment_file) {
  const std::string where(fuzz::takeLine(input));
  checkFile(input);
  if (const auto ref = agent::parseParameterRef(where))
    fuzz::require(!ref->name.empty() && ref->name == where, "a parameter is asked for as given", where);
  checkSecretRef(where);
  checkObjectRef(where);
  checkPlan(where);
  checkSecretName(where);
  const std::string cut = agent::shortened(where, 20);
  fuzz::require(where == cut || (cut.size() <= 23 && cut.ends_with("...")), "a shortened text is short", cut);
  fuzz::require(!agent::isPlainText(where) || agent::isPlainText(cut), "and cut between characters", cut);
}
