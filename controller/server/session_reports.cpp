// Reports that come by an agent's command session: each goes through the checks that a call of its own would
// go through. Only the signature is that of the session's handshake.
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/server/gateway.hpp"

namespace berth::controller {
namespace {

constexpr std::string_view kReports[] = {"SubmitAttachmentStateChanges", "SubmitContainerStateChange",
                                         "SubmitTaskStateChange"};

/// The answer to a message while its reports are performed.
struct Tally {
  acs::ReportsAck ack;
  size_t left = 0;
  std::function<void(acs::ReportsAck)> answer;

  void settle(size_t place, const ApiError* error) {
    if (error) ack.outcomes[place] = {error->type, error->message, error->httpStatus};
    if (--left == 0) answer(std::move(ack));
  }
};

}  // namespace

ReportTaker Gateway::reportsOf(Holder holder) {
  return [this, holder = std::make_shared<const Holder>(std::move(holder))](
             acs::ReportsMessage message, const std::function<void(acs::ReportsAck)>& answer) {
    takeReports(*holder, std::move(message), answer);
  };
}

std::optional<ApiError> Gateway::refusedReport(const Holder& holder, const acs::StateReport& report,
                                               Asked& asked) {
  asked.audit.accessKeyId = holder.caller.accessKeyId;
  if (options_.authenticate) {
    // The key may have been taken away since the session began.
    const CallerBook::Entry* known = deps_.callers.find(holder.caller.accessKeyId);
    if (!known)
      return ApiError{"UnrecognizedClientException",
                      "The security token included in the request is invalid."};
    asked.caller = known->caller;
  } else {
    asked.caller = anyone_;
  }
  asked.audit.principal = asked.caller->principal;
  if (!std::ranges::count(kReports, report.operation))
    return ApiError{"UnknownOperationException", "No report: " + report.operation.substr(0, 100)};
  if (!throttle_.admit(asked.audit.principal, report.operation, deps_.clock.now().mono)) {
    deps_.metrics.throttled.add();
    return ApiError{"ThrottlingException", "Rate exceeded"};
  }
  if (auto error = authorized(*report.input, asked)) return error;
  const Controller& core = deps_.runner.core();
  const auto reference = core.names().parseTask(textOf(*report.input, "task"));
  const Task* task = reference ? core.state().task(reference->id) : nullptr;
  if (!task || task->instance == holder.instance) return std::nullopt;
  return ApiError{"AccessDeniedException",
                  "A session tells of the tasks of its own container instance only."};
}

void Gateway::takeReports(const Holder& holder, acs::ReportsMessage message,
                          const std::function<void(acs::ReportsAck)>& answer) {
  const auto tally = std::make_shared<Tally>();
  tally->ack.messageId = std::move(message.messageId);
  tally->ack.outcomes.resize(message.reports.size());
  tally->left = message.reports.size();
  tally->answer = answer;
  for (size_t place = 0; place < message.reports.size(); ++place) {
    acs::StateReport& report = message.reports[place];
    const MonoTime begun = deps_.clock.now().mono;
    deps_.metrics.calls.add();
    Asked asked = begin(holder.source, report.operation, /*changes=*/true);
    if (const auto error = refusedReport(holder, report, asked)) {
      noteRefusal(asked, *error);
      tally->settle(place, &*error);
      continue;
    }
    Caller caller = holder.caller;
    caller.principal = asked.audit.principal;
    auto done = [this, tally, place, begun, operation = report.operation,
                 asked = std::make_shared<Asked>(std::move(asked))](const Reply& result) {
      noteOutcome(*asked, operation, result, begun);
      tally->settle(place, std::get_if<ApiError>(&result));
    };
    deps_.runner.call(report.operation, std::move(*report.input), caller, std::move(done));
  }
}

}  // namespace berth::controller
