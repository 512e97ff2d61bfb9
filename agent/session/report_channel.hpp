// Reports by the command session: while one message of them waits for its answer, what is due gathers for the
// next. Who reports learns when the session did not do, and goes another way.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/log/log.hpp"
#include "common/time/clock.hpp"
#include "proto/acs/messages.hpp"

namespace berth::agent {

/// How long an answer to a report by the session is waited for.
inline constexpr Duration kReportPatience = std::chrono::seconds(10);

class ReportChannel {
 public:
  using Send = std::function<void(const acs::FromAgent&)>;
  /// What became of the report; nullopt when it was given up: the controller may have it or not.
  using Done = std::function<void(std::optional<acs::ReportOutcome>)>;

  explicit ReportChannel(Log& log) : log_(log) {}

  /// There is a session whose controller takes reports.
  void open(Send send);
  /// There is none any more: what waits is given up.
  void close();
  bool isOpen() const { return send_ != nullptr; }

  /// `done` is called once; at once when the channel is not open.
  void submit(acs::StateReport report, Done done);
  void onAck(const acs::ReportsAck& ack);
  /// Somebody has waited for too long: the session is not used for reports any more, so it holds up nobody
  /// twice.
  void giveUp();

 private:
  struct Waiting {
    acs::StateReport report;
    Done done;
  };
  void sendNext();

  Log& log_;
  Send send_;
  std::vector<Waiting> next_;  ///< not sent yet
  std::vector<Done> sent_;     ///< of the reports of the message that waits for its answer
  std::string messageId_;      ///< that message's
  uint64_t messages_ = 0;
};

}  // namespace berth::agent
