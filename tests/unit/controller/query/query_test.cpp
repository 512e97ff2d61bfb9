#include "controller/query/query.hpp"

#include <catch2/catch.hpp>

namespace berth::controller {
namespace {

/// An instance with a bit of everything.
struct Sample {
  std::vector<Attribute> attributes{{"stack", "prod"},
                                    {"rack", "7"},
                                    {"ecs.instance-type", "t2.small"},
                                    {"ecs.capability.task-eni", std::nullopt},
                                    {"note", "two words"}};
  std::vector<std::pair<std::string, int64_t>> groups{{"service:web", 2}, {"family:job", 1}};
  std::string version = "1.70.2";
  std::string ec2 = "i-0123";

  Queried queried() const {
    return {.attributes = attributes,
            .groups = groups,
            .agentConnected = true,
            .agentVersion = version,
            .ec2InstanceId = ec2,
            .registeredAt = fromEpochMillis(1'529'360'908'000),  // 2018-06-18T22:28:28Z
            .runningTasks = 3};
  }
};

bool matches(const std::string& text, const Sample& sample = {}) {
  const auto query = Query::parse(text);
  INFO(text);
  INFO((query ? "" : query.error().message));
  REQUIRE(query);
  return query->matches(sample.queried());
}

TEST_CASE("Attributes are compared as texts, in both spellings of each operator") {
  for (const char* yes :
       {"attribute:stack == prod", "attribute:stack equals prod", "attribute:stack != test",
        "attribute:stack not_equals test", "attribute:stack in [test, prod]", "attribute:stack !in [test]",
        "attribute:stack not_in [test,other]", "attribute:stack exists", "attribute:none !exists",
        "attribute:none not_exists", "attribute:stack=='prod'", "attribute:note == \"two words\"",
        "attribute:ecs.capability.task-eni exists", "attribute:ecs.instance-type =~ t2.*",
        "attribute:ecs.instance-type matches t2.small", "attribute:stack !~ pro",
        "attribute:stack not_matches p"}) {
    CHECK(matches(yes));
  }
  for (const char* no : {"attribute:stack == test", "attribute:stack != prod", "attribute:stack in [test]",
                         "attribute:stack not_in [prod]", "attribute:none exists", "attribute:stack !exists",
                         "attribute:stack =~ pro", "attribute:stack !~ p.*d"}) {
    CHECK_FALSE(matches(no));
  }
}

TEST_CASE("What an instance does not have fails every test of a value, and \"not\" turns that around") {
  for (const char* no :
       {"attribute:none == x", "attribute:none != x", "attribute:none not_in [x]", "attribute:none !~ x",
        "attribute:none > 1", "attribute:ecs.capability.task-eni != x"}) {
    CHECK_FALSE(matches(no));
    CHECK(matches("not (" + std::string(no) + ")"));
    CHECK(matches("!" + std::string(no)));
  }
}

TEST_CASE("Attributes that are numbers have an order") {
  CHECK(matches("attribute:rack > 6"));
  CHECK(matches("attribute:rack >= 7.0"));
  CHECK(matches("attribute:rack less_than 10"));
  CHECK(matches("attribute:rack less_than_equal 7"));
  CHECK_FALSE(matches("attribute:rack greater_than 7"));
  CHECK_FALSE(matches("attribute:rack greater_than_equal 8"));
  CHECK_FALSE(matches("attribute:stack > 1"));
}

TEST_CASE("One group of an instance is enough") {
  CHECK(matches("task:group == service:web"));
  CHECK(matches("task:group != service:web"));
  CHECK(matches("task:group =~ service:.*"));
  CHECK(matches("task:group in [family:job]"));
  CHECK(matches("task:group exists"));
  CHECK_FALSE(matches("task:group == service:db"));
  CHECK(matches("not(task:group == service:db)"));
  Sample empty;
  empty.groups.clear();
  CHECK_FALSE(matches("task:group != service:web", empty));
  CHECK(matches("task:group !exists", empty));
}

TEST_CASE("An instance's own members are compared as what they are") {
  CHECK(matches("agentConnected == true"));
  CHECK_FALSE(matches("agentConnected != true"));
  CHECK(matches("agentVersion >= 1.70"));
  CHECK(matches("agentVersion > 1.9.0"));
  CHECK(matches("agentVersion == 1.70.2"));
  CHECK_FALSE(matches("agentVersion < 1.70.2"));
  CHECK(matches("ec2InstanceId in ['i-0123', 'i-4']"));
  CHECK(matches("ec2InstanceId =~ i-0.*"));
  CHECK(matches("runningTasksCount < 10"));
  CHECK_FALSE(matches("runningTasksCount == 4"));
  for (const char* yes : {"registeredAt == 2018-06-18T22:28:28Z", "registeredAt == 2018-06-18T22:28:28",
                          "registeredAt == 2018-06-18T22:28:28+00:00", "registeredAt > 2018-06-18",
                          "registeredAt < 2018-06-19"}) {
    CHECK(matches(yes));
  }
  Sample local;
  local.ec2.clear();
  CHECK_FALSE(matches("ec2InstanceId != i-4", local));
  CHECK(matches("ec2InstanceId not_exists", local));
}

TEST_CASE("\"and\" binds stronger than \"or\", \"not\" strongest") {
  const std::string yes = "attribute:stack == prod";
  const std::string no = "attribute:stack == test";
  CHECK(matches(yes + " or " + no + " and " + no));
  CHECK_FALSE(matches("(" + yes + " or " + no + ") and " + no));
  CHECK(matches("not " + no + " and " + yes));
  CHECK(matches(no + " || " + yes + " && " + yes));
  CHECK(matches("not not " + yes));
  CHECK(matches("  ( " + yes + ")\n"));
}

TEST_CASE("A mistake is named with its place and what could stand there") {
  const auto [text, message] = GENERATE(values<std::pair<std::string, std::string>>({
      {"", "at character 1 of the expression: the end found, attribute:NAME"},
      {"stack == prod", "at character 1 of the expression: \"stack == prod\" found, attribute:NAME"},
      {"attribute: == prod", "attribute:NAME"},
      {"attribute:stack", "the end found, an operator"},
      {"attribute:stack = prod", "\"= prod\" found, an operator"},
      {"attribute:stack ==", "the end found, a value"},
      {"attribute:stack == 'prod", "a value"},
      {"attribute:stack in prod", "\"prod\" found, \"[\" and values"},
      {"attribute:stack in [a b]", "\",\" or \"]\""},
      {"attribute:stack in []", "a value"},
      {"attribute:stack == a b", "\"b\" found, \"and\", \"or\" or the end"},
      {"(attribute:stack == a", "\")\""},
      {"attribute:stack > high", "\"high\" found, a number"},
      {"agentVersion =~ 1.*", "an operator that fits"},
      {"agentVersion > new", "a version"},
      {"agentConnected == yes", "true or false"},
      {"agentConnected exists", "an operator that fits"},
      {"registeredAt > yesterday", "a date"},
      {"runningTasksCount > many", "a number"},
      {"attribute:stack =~ (", "a regular expression"},
      {"attribute:stack =~ (?=a)", "a regular expression"},
  }));
  const auto query = Query::parse(text);
  INFO(text);
  REQUIRE_FALSE(query);
  CHECK(query.error().code == Code::InvalidArgument);
  CHECK_THAT(query.error().message, Catch::Contains(message));
}

TEST_CASE("Length and depth have bounds") {
  CHECK_FALSE(Query::parse("attribute:stack == " + std::string(2000, 'a')));
  const auto nested = [](int depth) {
    return std::string(static_cast<size_t>(depth), '(') + "task:group exists" +
           std::string(static_cast<size_t>(depth), ')');
  };
  CHECK(Query::parse(nested(50)));
  CHECK_FALSE(Query::parse(nested(51)));
  CHECK_FALSE(Query::parse(std::string(500, '!') + "task:group exists"));
}

TEST_CASE("A pattern costs time in proportion to its text, whatever it is") {
  Sample sample;
  sample.attributes = {{"long", std::string(128, 'a')}};
  CHECK_FALSE(matches("attribute:long =~ '(a*)*(a*)*(a*)*b'", sample));
}

TEST_CASE("A query of attributes alone is static") {
  CHECK(Query::parse("attribute:a == 1 and not attribute:b exists")->isStatic());
  CHECK_FALSE(Query::parse("attribute:a == 1 and task:group exists")->isStatic());
  CHECK_FALSE(Query::parse("runningTasksCount == 1")->isStatic());
}

}  // namespace
}  // namespace berth::controller
