#include "agent/session/report_channel.hpp"

#include <algorithm>
#include <utility>

namespace berth::agent {

void ReportChannel::open(Send send) {
  close();
  send_ = std::move(send);
}

void ReportChannel::close() {
  send_ = nullptr;
  const auto sent = std::exchange(sent_, {});
  const auto next = std::exchange(next_, {});
  for (const Done& done : sent) done(std::nullopt);
  for (const Waiting& waiting : next) waiting.done(std::nullopt);
}

void ReportChannel::submit(acs::StateReport report, Done done) {
  if (!isOpen()) return done(std::nullopt);
  next_.push_back({std::move(report), std::move(done)});
  if (sent_.empty()) sendNext();
}

void ReportChannel::sendNext() {
  const size_t count = std::min(next_.size(), acs::kMostReports);
  if (count == 0 || !isOpen()) return;
  acs::ReportsMessage message;
  message.messageId = messageId_ = std::to_string(++messages_);
  for (size_t i = 0; i < count; ++i) {
    message.reports.push_back(std::move(next_[i].report));
    sent_.push_back(std::move(next_[i].done));
  }
  next_.erase(next_.begin(), next_.begin() + static_cast<std::ptrdiff_t>(count));
  send_(acs::FromAgent(std::move(message)));
}

void ReportChannel::onAck(const acs::ReportsAck& ack) {
  if (sent_.empty() || ack.messageId != messageId_ || ack.outcomes.size() != sent_.size()) return;
  const auto answered = std::exchange(sent_, {});
  for (size_t i = 0; i < answered.size(); ++i) answered[i](ack.outcomes[i]);
  if (sent_.empty()) sendNext();
}

void ReportChannel::giveUp() {
  if (!isOpen()) return;
  log_.warn("the controller does not answer to reports on its session: they go by requests",
            {{"waited", formatDuration(kReportPatience)}});
  close();
}

}  // namespace berth::agent
