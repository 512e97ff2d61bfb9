#include "controller/discovery/list.hpp"

#include <nlohmann/json.hpp>

#include "tests/unit/controller/discovery/sample.hpp"

namespace berth::controller {
namespace {

using namespace sample;

TEST_CASE("the list has an entry for each port, in Prometheus' form") {
  Followed all;
  all.join(host("h1", "10.0.0.1"));
  all.join(host("h2", "fd00::5"));
  all.put(publishing(publishing(named(running("t1", "h1"), "web"), 80, 32768), 53, 32700, true));
  all.put(publishing(named(running("t2", "h2"), "api"), 8080, 40000));
  all.put(named(running("t3", "h2"), "silent"));
  const nlohmann::json list = targetsOf(all.index, {});
  REQUIRE(list.size() == 3);
  CHECK(list[0]["targets"] == nlohmann::json::array({"[fd00::5]:40000"}));
  CHECK(list[1] == nlohmann::json{{"targets", {"10.0.0.1:32768"}},
                                  {"labels",
                                   {{"__meta_berth_cluster", "default"},
                                    {"__meta_berth_service", "web"},
                                    {"__meta_berth_task", "t1"},
                                    {"__meta_berth_container_instance", "h1"},
                                    {"__meta_berth_container", "app"},
                                    {"__meta_berth_container_port", "80"},
                                    {"__meta_berth_protocol", "tcp"}}}});
  CHECK(list[2]["labels"]["__meta_berth_protocol"] == "udp");
  CHECK(targetsOf(all.index, {"Default", "WEB"}).size() == 2);
  CHECK(targetsOf(all.index, {"", "api"}).size() == 1);
  CHECK(targetsOf(all.index, {"other", ""}) == nlohmann::json::array());
}

}  // namespace
}  // namespace berth::controller
