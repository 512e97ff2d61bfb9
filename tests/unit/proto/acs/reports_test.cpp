#include "tests/unit/proto/acs/frame.hpp"

namespace berth::acs {

using namespace sample;

namespace {

std::string refused(const Json& message) {
  auto decoded = decodeFromAgent(frame("BerthReports", message));
  REQUIRE_FALSE(decoded.ok());
  CHECK(decoded.error().code == Code::InvalidArgument);
  return decoded.error().message;
}

Json report(Json input = {{"task", "arn:task/1"}, {"status", "RUNNING"}}) {
  return Json{{"operation", "SubmitTaskStateChange"}, {"input", std::move(input)}};
}

}  // namespace

TEST_CASE("reports survive the wire with all of their inputs") {
  const Json message{
      {"messageId", "7"},
      {"reports", {report(), report({{"pullStartedAt", 1.5}, {"containers", Json::array()}})}}};
  const std::string once = frame("BerthReports", message);
  auto decoded = decodeFromAgent(once);
  REQUIRE(decoded.ok());
  const auto& read = std::get<ReportsMessage>(*decoded);
  CHECK(read.messageId == "7");
  REQUIRE(read.reports.size() == 2);
  CHECK(read.reports[0].operation == "SubmitTaskStateChange");
  CHECK(*read.reports[0].input == Json{{"task", "arn:task/1"}, {"status", "RUNNING"}});
  CHECK((*read.reports[1].input)["pullStartedAt"] == 1.5);
  CHECK(Json::parse(encode(*decoded)) == Json::parse(once));
}

TEST_CASE("reports that can't be read are refused as a whole, and the error names the member") {
  CHECK_THAT(refused({{"reports", {report()}}}), Catch::Contains("messageId"));
  CHECK_THAT(refused({{"messageId", "1"}}), Catch::Contains("reports has none, or more than 100"));
  CHECK_THAT(refused({{"messageId", "1"}, {"reports", "x"}}), Catch::Contains("reports"));
  CHECK_THAT(refused({{"messageId", "1"}, {"reports", std::vector<Json>(101, report())}}),
             Catch::Contains("more than 100"));
  CHECK_THAT(refused({{"messageId", "1"}, {"reports", {1}}}), Catch::Contains("reports"));
  CHECK_THAT(refused({{"messageId", "1"}, {"reports", {{{"input", Json::object()}}}}}),
             Catch::Contains("operation"));
  for (const Json& input : {Json(), Json("x"), Json::array()}) {
    CHECK_THAT(refused({{"messageId", "1"}, {"reports", {report(), report(input)}}}),
               Catch::Contains("input is missing, or no JSON object"));
  }
}

TEST_CASE("the outcomes of reports survive the wire in their order") {
  const ReportsAck ack{"7", {{}, {"ThrottlingException", "Rate \"exceeded\"", 400}, {}}};
  const std::string text = encode(ToAgent(ack));
  auto decoded = decodeToAgent(text);
  REQUIRE(decoded.ok());
  const auto& read = std::get<ReportsAck>(*decoded);
  CHECK(read.messageId == "7");
  REQUIRE(read.outcomes.size() == 3);
  CHECK(read.outcomes[0].exception.empty());
  CHECK(read.outcomes[1].exception == "ThrottlingException");
  CHECK(read.outcomes[1].message == "Rate \"exceeded\"");
  CHECK(read.outcomes[1].status == 400);
  CHECK(Json::parse(text)["message"]["outcomes"][0] == Json::object());
}

TEST_CASE("an answer to reports must say to which, and hold objects") {
  for (const Json& message : {Json{{"outcomes", Json::array()}}, Json{{"messageId", "1"}, {"outcomes", {1}}},
                              Json{{"messageId", "1"}, {"outcomes", {{{"exception", 1}}}}}}) {
    CHECK_FALSE(decodeToAgent(frame("BerthReportsAck", message)).ok());
  }
}

}  // namespace berth::acs
