#include "common/config/yaml_file.hpp"

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.hpp"

using namespace berth;
using namespace berth::config;

namespace {

const Schema kFileSchema({string("region", "the region"), integer("port", "the port").between(1, 65535),
                          choice("runtime.kind", {"docker", "auto"}, "the runtime"),
                          string("runtime.socket", "its socket"), list("names", "names"),
                          map("attributes", "attributes"), string("secret_key", "a key").secret()});

class Yaml {
 public:
  /// The problems of this text, "PATH" for where the file is.
  std::vector<std::string> problems(std::string_view text) {
    path_ = folder_.write("agent.yaml", text);
    layer_ = readYamlFile(kFileSchema, path_);
    std::vector<std::string> problems = layer_.problems;
    for (std::string& problem : problems) {
      if (problem.starts_with(path_)) problem.replace(0, path_.size(), "PATH");
    }
    return problems;
  }
  template <class T>
  T value(const std::string& key) const {
    return std::get<T>(layer_.given.at(key).value);
  }
  const Layer& layer() const { return layer_; }
  const std::string& path() const { return path_; }

 private:
  TempDir folder_;
  std::string path_;
  Layer layer_;
};

using Problems = std::vector<std::string>;

}  // namespace

TEST_CASE("a yaml file gives values of all shapes with their lines") {
  Yaml yaml;
  REQUIRE(yaml.problems("# comment\n"
                        "region: us-east-1\n"
                        "port: 7400\n"
                        "runtime: {kind: docker, socket: \"unix:///var/run/docker.sock\"}\n"
                        "names:\n"
                        "  - a\n"
                        "  - b,c\n"
                        "attributes:\n"
                        "  rack: 7\n"
                        "  spare:\n") == Problems{});
  CHECK(yaml.value<std::string>("region") == "us-east-1");
  CHECK(yaml.value<int64_t>("port") == 7400);
  CHECK(yaml.value<std::string>("runtime.socket") == "unix:///var/run/docker.sock");
  CHECK(yaml.value<std::vector<std::string>>("names") == std::vector<std::string>{"a", "b,c"});
  CHECK(yaml.value<StringMap>("attributes") == StringMap{{"rack", "7"}, {"spare", ""}});
  CHECK(yaml.layer().given.at("port").source == yaml.path() + ":3");
  CHECK(yaml.layer().given.at("runtime.socket").source == yaml.path() + ":4");
}

TEST_CASE("digits are text where the key is a string") {
  Yaml yaml;
  REQUIRE(yaml.problems("region: 000000000000\n") == Problems{});
  CHECK(yaml.value<std::string>("region") == "000000000000");
}

TEST_CASE("a file without content, and a section without keys, say nothing") {
  Yaml yaml;
  for (const char* text : {"", "# only a comment\n", "---\n", "runtime:\n  # nothing yet\n"}) {
    CHECK(yaml.problems(text) == Problems{});
    CHECK(yaml.layer().given.empty());
  }
}

TEST_CASE("an unknown key is named with its line and the nearest key") {
  Yaml yaml;
  CHECK(yaml.problems("port: 1\n\nregoin: us-east-1\n") ==
        Problems{"PATH:3: unknown key 'regoin': did you mean 'region'?"});
  CHECK(yaml.problems("runtime:\n  soket: x\n") ==
        Problems{"PATH:2: unknown key 'runtime.soket': did you mean 'runtime.socket'?"});
}

TEST_CASE("a strange key is shown on one line") {
  Yaml yaml;
  const auto problems = yaml.problems("\"a\\n\\e[2J\": 1\n");
  REQUIRE(problems.size() == 1);
  CHECK_THAT(problems[0], Catch::StartsWith("PATH:1: unknown key '\"a\\x0a\\x1b[2J\"': "));
}

TEST_CASE("all problems are found, not only the first") {
  Yaml yaml;
  const auto problems = yaml.problems("regoin: x\nport: 0\nruntime: docker\nnames: a\n");
  CHECK(problems.size() == 4);
  CHECK(yaml.layer().broken == std::set<std::string>{"names", "port"});
}

TEST_CASE("values of the wrong shape are named with the shape they should have") {
  Yaml yaml;
  CHECK(yaml.problems("port: 70000\n") ==
        Problems{"PATH:1: 'port' is \"70000\": must be a whole number between 1 and 65535"});
  CHECK(yaml.problems("port: [1]\n") == Problems{"PATH:1: 'port' must be a single value"});
  CHECK(yaml.problems("region: {a: b}\n") == Problems{"PATH:1: 'region' must be a single value"});
  CHECK(yaml.problems("region:\n") == Problems{"PATH:1: 'region' has no value; give one or leave it out"});
  CHECK(yaml.problems("names: a\n") == Problems{"PATH:1: 'names' must be a list, like [a, b]"});
  CHECK(yaml.problems("names: [a, [b]]\n") == Problems{"PATH:1: 'names' must be a list of single values"});
  CHECK(yaml.problems("attributes: a=1\n") ==
        Problems{"PATH:1: 'attributes' must be keys with values, like {a: 1, b: 2}"});
  CHECK(yaml.problems("attributes: {a: [1]}\n") ==
        Problems{"PATH:1: 'attributes' must be keys with single values, like {a: 1, b: 2}"});
  CHECK(yaml.problems("runtime: docker\n") ==
        Problems{"PATH:1: 'runtime' is a section: it must hold keys with values"});
}

TEST_CASE("a key that is there twice is an error wherever it is") {
  Yaml yaml;
  CHECK(yaml.problems("port: 1\nport: 2\n") == Problems{"PATH:2: 'port' is there twice; keep one"});
  CHECK(yaml.problems("runtime: {kind: auto}\nruntime: {socket: x}\n") ==
        Problems{"PATH:2: 'runtime' is there twice; keep one"});
  CHECK(yaml.problems("runtime:\n  kind: auto\n  kind: docker\n") ==
        Problems{"PATH:3: 'runtime.kind' is there twice; keep one"});
  CHECK(yaml.problems("attributes: {a: 1, a: 2}\n") ==
        Problems{"PATH:1: 'attributes' has 'a' twice; keep one"});
}

TEST_CASE("keys are nested, not dotted") {
  Yaml yaml;
  CHECK(yaml.problems("runtime.kind: auto\n") ==
        Problems{"PATH:1: 'runtime.kind': write a section and its keys nested, not with a dot"});
}

TEST_CASE("the file is one mapping") {
  Yaml yaml;
  CHECK(yaml.problems("- a\n- b\n") ==
        Problems{"PATH:1: must be keys with values, like 'region: us-east-1'"});
  CHECK(yaml.problems("\nhello\n") == Problems{"PATH:2: must be keys with values, like 'region: us-east-1'"});
  CHECK(yaml.problems("region: a\n---\nregion: b\n") ==
        Problems{"PATH:2: a second document; there must be one, without a line --- between"});
  CHECK(yaml.problems("region: a\n...\n---\n---\n").size() == 1);
  CHECK(yaml.problems("[a]: b\n") == Problems{"PATH:1: a key must be a word"});
}

TEST_CASE("what belongs to no document is refused with its line, and does not go round for ever") {
  Yaml yaml;
  for (const char* text : {", a: 1\n", "]\n", "}", ": , x\n...\n, a\n"}) {
    CAPTURE(text);
    const auto problems = yaml.problems(text);
    REQUIRE(problems.size() == 1);
    CHECK_THAT(problems[0], Catch::Matches("PATH:[0-9]+: .+"));
  }
  CHECK(yaml.problems("region: a\n...\n, b: 1\n") ==
        Problems{"PATH:3: no valid YAML: what stands here belongs to no key"});
}

TEST_CASE("what is no yaml is refused with its line") {
  Yaml yaml;
  for (const char* text : {"region: x\nport: [1\n", "region: x\n\tport: 1\n", "region: x\n  port: 1\n"}) {
    const auto problems = yaml.problems(text);
    CAPTURE(text);
    REQUIRE(problems.size() == 1);
    CHECK_THAT(problems[0], Catch::Matches("PATH:[23]: no valid YAML: .+"));
  }
}

TEST_CASE("nothing that nests or loops without end leads astray") {
  Yaml yaml;
  CHECK(yaml.problems(std::string(100'000, '[')).size() == 1);
  CHECK(yaml.problems("runtime: &a\n  kind: *a\n") ==
        Problems{"PATH:2: 'runtime.kind' must be a single value"});
  std::string bomb = "a0: &a0 [x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = std::to_string(i - 1), name = std::to_string(i);
    bomb += "a" + name + ": &a" + name + " [*a" + before + ", *a" + before + "]\n";
  }
  CHECK(yaml.problems(bomb).size() == 30);
}

TEST_CASE("no problem with a secret shows it") {
  Yaml yaml;
  for (const char* text : {"secret_key: [hunter2]\n", "secret_key: {hunter2: 1}\n"}) {
    CHECK(yaml.problems(text) == Problems{"PATH:1: 'secret_key' must be a single value"});
  }
}

TEST_CASE("a file that can't be read is an error with the system's reason") {
  const TempDir folder;
  const std::string missing = folder.path("missing.yaml");
  CHECK(readYamlFile(kFileSchema, missing).problems ==
        Problems{missing + ": can't read it: No such file or directory"});
  const std::string directory = folder.path("");
  CHECK(readYamlFile(kFileSchema, directory).problems ==
        Problems{directory + ": can't read it: Is a directory"});
  const std::string below = folder.write("file", "x") + "/agent.yaml";
  CHECK(readYamlFile(kFileSchema, below).problems == Problems{below + ": can't read it: Not a directory"});
  const std::string large = folder.write("large.yaml", std::string((1 << 20) + 1, '#'));
  CHECK(readYamlFile(kFileSchema, large).problems ==
        Problems{large + ": larger than 1 MiB; is it the right file?"});
}
