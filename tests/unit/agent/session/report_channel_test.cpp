#include "agent/session/report_channel.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/log/capture.hpp"

namespace berth::agent {
namespace {

using Outcome = std::optional<acs::ReportOutcome>;
using Tasks = std::vector<std::vector<std::string>>;

/// Reports on their way, and what the session was given to send.
struct Reports {
  void open() {
    channel.open(
        [this](const acs::FromAgent& message) { sent.push_back(std::get<acs::ReportsMessage>(message)); });
  }
  /// Reports task `place`; the outcome will be in outcomes[place].
  void submit(size_t place) {
    if (outcomes.size() <= place) outcomes.resize(place + 1);
    const auto input = std::make_shared<nlohmann::json>(nlohmann::json{{"task", std::to_string(place)}});
    channel.submit({"SubmitTaskStateChange", input}, [this, place](Outcome outcome) {
      outcomes[place] = std::move(outcome);
      ++over;
    });
  }
  void answer(size_t message, std::vector<acs::ReportOutcome> of) {
    channel.onAck({sent.at(message).messageId, std::move(of)});
  }
  /// The tasks of the messages that were sent.
  Tasks tasks() const {
    Tasks out;
    for (const acs::ReportsMessage& message : sent) {
      out.emplace_back();
      for (const acs::StateReport& report : message.reports) out.back().push_back((*report.input)["task"]);
    }
    return out;
  }

  CaptureLog log;
  ReportChannel channel{log};
  std::vector<acs::ReportsMessage> sent;
  std::vector<Outcome> outcomes;
  size_t over = 0;
};

TEST_CASE("a report goes out at once, and those that follow go together once it is answered") {
  Reports reports;
  reports.open();
  for (size_t i = 0; i < 4; ++i) reports.submit(i);
  CHECK(reports.tasks() == Tasks{{"0"}});
  reports.answer(0, {{}});
  CHECK(reports.over == 1);
  CHECK(reports.tasks() == Tasks{{"0"}, {"1", "2", "3"}});
  CHECK(reports.sent[1].messageId != reports.sent[0].messageId);
  reports.answer(1, {{}, {"ThrottlingException", "Rate exceeded", 400}, {}});
  REQUIRE(reports.over == 4);
  for (size_t place : {0, 1, 3}) CHECK(reports.outcomes[place]->exception.empty());
  CHECK(reports.outcomes[2]->exception == "ThrottlingException");
  CHECK(reports.outcomes[2]->message == "Rate exceeded");
}

TEST_CASE("a message holds no more reports than its receiver takes") {
  Reports reports;
  reports.open();
  for (size_t i = 0; i < acs::kMostReports + 3; ++i) reports.submit(i);
  reports.answer(0, {{}});
  reports.answer(1, std::vector<acs::ReportOutcome>(acs::kMostReports));
  reports.answer(2, {{}, {}});
  CHECK(reports.over == acs::kMostReports + 3);
  CHECK(reports.sent[1].reports.size() == acs::kMostReports);
  CHECK(reports.sent[2].reports.size() == 2);
}

TEST_CASE("an answer that fits no message changes nothing") {
  Reports reports;
  reports.open();
  reports.channel.onAck({"1", {{}}});
  reports.submit(0);
  reports.channel.onAck({"other", {{}}});
  reports.answer(0, {});
  reports.answer(0, {{}, {}});
  CHECK(reports.over == 0);
  reports.answer(0, {{}});
  reports.answer(0, {{}});
  CHECK(reports.over == 1);
}

TEST_CASE("who reports without a session, or on one that ends, hears of it at once") {
  Reports reports;
  reports.submit(0);
  CHECK(reports.over == 1);
  CHECK(reports.sent.empty());
  reports.open();
  reports.submit(1);
  reports.submit(2);
  reports.channel.close();
  CHECK(reports.over == 3);
  CHECK_FALSE(reports.channel.isOpen());
  reports.open();
  reports.submit(3);
  // The answer to what was given up is none to what came after.
  reports.answer(0, {{}});
  CHECK(reports.over == 3);
  reports.answer(1, {{}});
  CHECK(reports.over == 4);
  for (size_t place : {0, 1, 2}) CHECK_FALSE(reports.outcomes[place]);
  CHECK(reports.outcomes[3]);
}

TEST_CASE("a session that does not answer is not used again, and the log says so once") {
  Reports reports;
  reports.open();
  reports.submit(0);
  reports.submit(1);
  reports.channel.giveUp();
  reports.channel.giveUp();
  CHECK(reports.over == 2);
  reports.submit(2);
  CHECK(reports.over == 3);
  for (const Outcome& outcome : reports.outcomes) CHECK_FALSE(outcome);
  CHECK(reports.sent.size() == 1);
  CHECK(reports.log.lines().size() == 1);
  reports.open();
  reports.submit(3);
  CHECK(reports.sent.size() == 2);
}

TEST_CASE("what is reported from inside an answer goes with what waits") {
  Reports reports;
  reports.open();
  const auto input = std::make_shared<nlohmann::json>(nlohmann::json{{"task", "first"}});
  reports.channel.submit({"SubmitTaskStateChange", input}, [&](const Outcome&) { reports.submit(1); });
  reports.submit(0);
  reports.answer(0, {{}});
  CHECK(reports.tasks() == Tasks{{"first"}, {"0", "1"}});
  reports.answer(1, {{}, {}});
  CHECK(reports.over == 2);
}

}  // namespace
}  // namespace berth::agent
