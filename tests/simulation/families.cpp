#include "tests/simulation/families.hpp"

namespace berth::simulation {
namespace {

Json depends(const char* container, const char* condition) {
  return Json::array({Json{{"containerName", container}, {"condition", condition}}});
}

}  // namespace

bool lasts(const std::string& family) {
  return family == "web" || family == "small" || family == "stubborn" || family == "again" ||
         family == "chain";
}

std::optional<int> exitCodeOf(const std::string& family, const std::string& container) {
  if (container == "first") return family == "broken" ? 3 : 0;
  if (container != "main") return std::nullopt;
  if (family == "job") return 0;
  if (family == "crash") return 3;
  if (family == "oom") return 137;
  return std::nullopt;
}

Json containersOf(const std::string& family) {
  // Every host has room for some.
  if (family == "small")
    return Json::array(
        {Json{{"name", "main"}, {"image", "web"}, {"memory", 20}, {"cpu", 10}, {"stopTimeout", 5}}});
  Json main{{"name", "main"}, {"image", family}, {"memory", 100}, {"cpu", 100}, {"stopTimeout", 5}};
  Json port{{"containerPort", 80}};
  if (family == "stubborn") port["hostPort"] = 8080;
  main["portMappings"] = Json::array({port});
  Json side{{"name", "side"}, {"image", "web"}, {"memory", 50}, {"essential", false}};
  if (family == "again") main["restartPolicy"] = Json{{"enabled", true}, {"restartAttemptPeriod", 0}};
  if (family != "chain" && family != "broken") return Json::array({main, side});
  // A job first, then a service that has to be healthy, then the one that matters.
  main["image"] = "web";
  Json first{{"name", "first"},
             {"image", family == "broken" ? "crash" : "job"},
             {"memory", 50},
             {"essential", false}};
  side["image"] = "slow";
  side["healthCheck"] = Json{{"command", Json::array({"CMD", "true"})}};
  // Longer than a run, and shorter than what the wall clock is set by.
  first["startTimeout"] = side["startTimeout"] = 600;
  side["dependsOn"] = depends("first", "SUCCESS");
  main["dependsOn"] = depends("side", "HEALTHY");
  main["mountPoints"] = Json::array({Json{{"sourceVolume", "scratch"}, {"containerPath", "/scratch"}}});
  return Json::array({main, side, first});
}

std::string zoneOf(size_t host) { return "zone-" + std::to_string(host % 3); }

std::string rackOf(size_t host) { return "rack-" + std::to_string(host % 50); }

std::string idOf(const std::string& arn) { return arn.substr(arn.rfind('/') + 1); }

}  // namespace berth::simulation
