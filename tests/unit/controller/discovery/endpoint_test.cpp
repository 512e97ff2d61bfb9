#include "controller/discovery/endpoint.hpp"

#include "tests/unit/controller/discovery/sample.hpp"

namespace berth::controller {
namespace {

using namespace sample;
using Ports = std::vector<ServedPort>;

TEST_CASE("a label has 1 to 63 letters, digits, hyphens and underscores") {
  CHECK(isLabel("a"));
  CHECK(isLabel("Web-1_x"));
  CHECK(isLabel(std::string(63, 'a')));
  for (const std::string& wrong : {std::string(), std::string(64, 'a'), std::string("a.b"),
                                   std::string("a b"), std::string("\xc3\xa4"), std::string("a\0b", 3)}) {
    INFO(wrong);
    CHECK_FALSE(isLabel(wrong));
  }
}

TEST_CASE("the main port is the first TCP port, and each is named once") {
  State state;
  Task task = publishing(running("t", "h"), 53, 32700, true);
  task = publishing(publishing(publishing(task, 80, 32768), 80, 32768), 443, 32769);
  task = publishing(task, 81, 0);
  CHECK(portsOf(state, task, {"web"}) ==
        Ports{{"app", 80, 32768, 0, false}, {"app", 53, 32700, 0, true}, {"app", 443, 32769, 0, false}});
}

TEST_CASE("a registry offers the one port that it names, also out of a range") {
  State state;
  Task task = publishing(running("t", "h"), 80, 32768);
  task.containers[0].bindings.push_back(range());
  CHECK(portsOf(state, task, {"web", "app", 80}) == Ports{{"app", 80, 32768, 0, false}});
  CHECK(portsOf(state, task, {"web", "app", 9003}) == Ports{{"app", 9003, 40003, 0, false}});
  CHECK(portsOf(state, task, {"web", "app", 9010}).empty());
  CHECK(portsOf(state, task, {"web", "other", 80}).empty());
  CHECK(portsOf(state, task, {"web"})[1] == ServedPort{"app", 9000, 40000, 9, false});
}

TEST_CASE("the ports of a task on its host's network are those of its definition") {
  State state;
  TaskDefinition definition;
  definition.family = "app";
  definition.revision = 1;
  definition.document = R"({"networkMode":"host","containerDefinitions":[{"name":"app","portMappings":[
    {"containerPort":8080,"protocol":"tcp"},{"containerPort":53,"protocol":"udp"}]}]})";
  state.apply({Mutation(definition)});
  const Task task = running("t", "h");
  CHECK(portsOf(state, task, {"web"}) == Ports{{"app", 8080, 8080, 0, false}, {"app", 53, 53, 0, true}});
  CHECK(portsOf(state, task, {"web", "app", 53}) == Ports{{"app", 53, 53, 0, true}});
  definition.document = R"({"networkMode":"bridge","containerDefinitions":[{"name":"app","portMappings":[
    {"containerPort":8080}]}]})";
  state.apply({Mutation(definition)});
  CHECK(portsOf(state, task, {"web"}).empty());
}

TEST_CASE("a service's registry gives name, container and port") {
  CHECK(namingOf(registered("web")) == Naming{"web", "", 0});
  CHECK(namingOf(registered("web", R"({"registryArn":"r","containerName":"app","containerPort":80})")) ==
        Naming{"web", "app", 80});
  CHECK_FALSE(namingOf(registered(std::string(64, 'a'))));
  Service plain = registered("web");
  plain.document = "{}";
  CHECK_FALSE(namingOf(plain));
  plain.tags = "not JSON at all: berth:dns";
  CHECK_FALSE(namingOf(plain));
  plain.tags = R"([{"key":"note","value":"berth:dns"}])";
  CHECK_FALSE(namingOf(plain));
}

}  // namespace
}  // namespace berth::controller
