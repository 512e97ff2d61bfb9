#include "cli/compose/compose.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cli/compose/yaml_json.hpp"

using namespace berth;
using namespace berth::cli;
using nlohmann::json;

namespace {

const std::string kFolder = std::string(BERTH_TEST_DATA) + "/compose/";

std::string contentOf(const std::string& file) {
  std::ifstream in(kFolder + file);
  return {std::istreambuf_iterator<char>(in), {}};
}

Result<Composed> translated(const std::string& file) {
  const std::string text = contentOf(file);
  return translateCompose({text, file, "project", "/srv/project", {{"HOME", "/root"}}});
}

/// Compares with a kept file; BERTH_GOLDEN=write renews it.
void checkKept(const std::string& file, const std::string& seen) {
  const char* mode = std::getenv("BERTH_GOLDEN");
  if (mode && std::string_view(mode) == "write") std::ofstream(kFolder + file) << seen;
  CHECK(seen == contentOf(file));
}

std::string shown(const Composed& composed) {
  json out{{"project", composed.project}, {"notes", composed.notes}};
  for (const ComposePart& part : composed.parts)
    out["parts"].push_back(
        {{"service", part.service}, {"definition", part.definition}, {"request", part.request}});
  return out.dump(2) + "\n";
}

std::string refusalOf(const std::string& text, const Variables& variables = {}) {
  auto composed = translateCompose({text, "file", "project", "/srv", variables});
  REQUIRE_FALSE(composed.ok());
  CHECK(composed.error().code == Code::InvalidArgument);
  return composed.error().message;
}

}  // namespace

TEST_CASE("a service becomes a task definition with all it says") {
  auto composed = translated("one.yaml");
  INFO((composed ? std::string() : composed.error().message));
  REQUIRE(composed.ok());
  checkKept("one.json", shown(*composed));
}

TEST_CASE("services that depend on each other become one task") {
  auto composed = translated("group.yaml");
  INFO((composed ? std::string() : composed.error().message));
  REQUIRE(composed.ok());
  checkKept("group.json", shown(*composed));
}

TEST_CASE("whatever is not offered is refused by name, all of it at once") {
  auto composed = translated("refused.yaml");
  REQUIRE_FALSE(composed.ok());
  checkKept("refused.txt", composed.error().message + "\n");
}

TEST_CASE("the same file gives the same definition") {
  CHECK(shown(*translated("group.yaml")) == shown(*translated("group.yaml")));
}

TEST_CASE("containers of one task have one number of replicas") {
  const std::string said = refusalOf(R"(services:
  a: {image: a, depends_on: [b], deploy: {replicas: 2}}
  b: {image: b, deploy: {replicas: 3}}
)");
  CHECK(said.find("services.b.deploy.replicas: must be as many") != std::string::npos);
}

TEST_CASE("who waits for an end can't wait for one that never comes") {
  const std::string said = refusalOf(R"(services:
  a: {image: a, depends_on: {b: {condition: service_completed_successfully}}}
  b: {image: b, restart: always}
)");
  CHECK(said.find("services.a.depends_on.b: waits for its end") != std::string::npos);
}

TEST_CASE("files that are none say so") {
  CHECK(refusalOf("a: [").starts_with("file:"));
  CHECK(refusalOf("") == "file: it must hold one document, it has 0");
  CHECK(refusalOf("a: 1\n---\nb: 2\n") == "file: it must hold one document, it has 2");
  CHECK(refusalOf("services: []").find("no Compose file") != std::string::npos);
  CHECK(refusalOf("services: {a: text}").find("services.a: must be a mapping") != std::string::npos);
  CHECK(refusalOf("services: {a: {image: x}, a: {image: y}}") == "file:1: 'a' comes twice");
}

TEST_CASE("scalars of other files are typed as YAML has them") {
  auto value = jsonOfYaml("{a: 1, b: 1.5, c: true, d: null, e: '1', f: x, g: -3, h: 1.2.3, i: e}", "file");
  REQUIRE(value.ok());
  CHECK(*value == json{{"a", 1},
                       {"b", 1.5},
                       {"c", true},
                       {"d", nullptr},
                       {"e", "1"},
                       {"f", "x"},
                       {"g", -3},
                       {"h", "1.2.3"},
                       {"i", "e"}});
  std::string deep;
  for (int i = 0; i < 60; ++i) deep += "[";
  for (int i = 0; i < 60; ++i) deep += "]";
  CHECK(jsonOfYaml(deep, "file").error().message == "file:1: nested too deeply");
}
