#include "agent/secrets/sources/composite_secrets.hpp"

#include <utility>

#include "tests/unit/agent/secrets/sources/support.hpp"

namespace berth::agent::test {
namespace {

/// Answers "<label> <valueFrom>" to everything, or an error.
class LabelledSource final : public SecretSource {
 public:
  explicit LabelledSource(std::string label) : label_(std::move(label)) {}

  void fetch(std::vector<SecretRequest> requests, std::optional<Role> role,
             Callback<std::vector<std::string>> done) override {
    ++fetches;
    lastRole = role;
    if (failure) return done(*failure);
    std::vector<std::string> out;
    for (const SecretRequest& request : requests) out.push_back(label_ + " " + request.valueFrom);
    if (loseOne) out.pop_back();
    done(out);
  }

  int fetches = 0;
  bool loseOne = false;
  std::optional<Error> failure;
  std::optional<Role> lastRole;

 private:
  std::string label_;
};

struct Places {
  Stage stage;
  LabelledSource aws{"aws"};
  LabelledSource file{"file"};
  LabelledSource http{"http"};
};

const std::string kParameterArn = "arn:aws:ssm:us-east-1:1:parameter/x";

}  // namespace

TEST_CASE("each secret comes from the place that its name says, and ARNs from AWS") {
  Places p;
  CompositeSecrets source(p.stage.means(), {&p.aws, &p.file, &p.http, SecretPlace::Aws});
  const auto values = p.stage.secrets(
      source, {ssm("http:b"), ssm("plain"), ssm("file:a"), ssm(kParameterArn), ssm("file:c")});
  REQUIRE(values.ok());
  CHECK(*values == std::vector<std::string>{"http http:b", "aws plain", "file file:a", "aws " + kParameterArn,
                                            "file file:c"});
  CHECK(p.aws.fetches == 1);
  CHECK(p.file.fetches == 1);
  CHECK(p.http.fetches == 1);
  CHECK(p.aws.lastRole->credentialsId == kRole.credentialsId);
}

TEST_CASE("names that do not say it come from the place of the settings, but ARNs from AWS still") {
  for (SecretPlace otherwise : {SecretPlace::File, SecretPlace::Http}) {
    Places p;
    CompositeSecrets source(p.stage.means(), {&p.aws, &p.file, &p.http, otherwise});
    const auto values = p.stage.secrets(source, {ssm("/db/pw"), ssm(kParameterArn)});
    REQUIRE(values.ok());
    CHECK(values->at(0) == (otherwise == SecretPlace::File ? "file /db/pw" : "http /db/pw"));
    CHECK(values->at(1) == "aws " + kParameterArn);
  }
}

TEST_CASE("a place that is not set up is an error, and no other place is asked") {
  Places p;
  CompositeSecrets source(p.stage.means(), {&p.aws, nullptr, nullptr, SecretPlace::Aws});
  for (const char* name : {"file:a", "http:a"}) {
    const auto values = p.stage.secrets(source, {ssm("plain"), ssm(name)});
    REQUIRE_FALSE(values.ok());
    CHECK(values.error().code == Code::FailedPrecondition);
    CHECK_THAT(values.error().message,
               Catch::Contains(name) && Catch::Contains("not set up on this machine"));
  }
  CHECK(p.aws.fetches == 0);
}

TEST_CASE("the failure of one place is the failure of all, as it stands") {
  Places p;
  p.file.failure = Error{Code::NotFound, "no such file", false};
  CompositeSecrets source(p.stage.means(), {&p.aws, &p.file, &p.http, SecretPlace::Aws});
  const auto values = p.stage.secrets(source, {ssm("plain"), ssm("file:a"), ssm("http:b")});
  REQUIRE_FALSE(values.ok());
  CHECK(values.error().message == "no such file");
  CHECK(p.http.fetches == 0);

  p.file.failure.reset();
  p.file.loseOne = true;
  CHECK(p.stage.secrets(source, {ssm("file:a")}).error().code == Code::Internal);
  CHECK(p.stage.secrets(source, {})->empty());
}

}  // namespace berth::agent::test
