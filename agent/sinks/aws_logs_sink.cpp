#include "agent/sinks/aws_logs_sink.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "common/aws/json_client.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent::sinks {
namespace {

using nlohmann::json;

constexpr const char* kThere = "ResourceAlreadyExistsException";
constexpr const char* kGone = "ResourceNotFoundException";
constexpr const char* kHadAlready = "DataAlreadyAcceptedException";
/// Lines wait so long for others to share a call with.
constexpr Duration kGathers = std::chrono::seconds(1);
/// One batch in nearly all cases.
constexpr size_t kWorthSending = size_t{900} << 10;

bool is(const aws::CallResult& result, const char* type) { return result.api && result.api->type == type; }

/// Those of the task's execution role as they are now, else the agent's.
class Signer final : public aws::CredentialsProvider {
 public:
  Signer(const AwsLogsMeans& means, const std::string& id) : means_(means), id_(id) {}

  Async<Result<aws::Credentials>> credentials(std::stop_token stop) override {
    if (id_.empty()) co_return co_await means_.agents.credentials(std::move(stop));
    auto found = means_.ofRole(id_);
    if (!found) {
      co_return makeError(Code::Unavailable,
                          "the credentials of the task's execution role have not come from the controller");
    }
    co_return std::move(*found);
  }

 private:
  const AwsLogsMeans& means_;
  const std::string& id_;
};

class AwsLogsSink final : public LogSink, public std::enable_shared_from_this<AwsLogsSink> {
 public:
  AwsLogsSink(AwsLogsMeans means, AwsLogsPlan plan)
      : means_(std::move(means)),
        plan_(std::move(plan)),
        rule_(plan_.begins),
        signer_(means_, plan_.credentialsId) {}

  Async<Result<size_t>> send(std::vector<streams::LogLine> lines, Duration limit) override {
    const auto self = shared_from_this();
    const auto batches = awsLogsBatches(awsLogsEvents(rule_, lines));
    size_t refused = 0;
    for (const auto& batch : batches) {
      const Result<size_t> put = co_await this->put(batch, limit);
      if (!put) co_return put.error();
      refused += *put;
    }
    co_return refused;
  }

  size_t open(const std::vector<streams::LogLine>& lines) const override { return rule_.open(lines); }
  Appetite appetite() const override {
    return {kWorthSending, AwsLogsBounds::kEventCosts, AwsLogsBounds::kEvents, kGathers};
  }

 private:
  Async<aws::CallResult> call(std::string operation, std::string body, Duration limit) {
    const std::string region = plan_.region.empty() ? means_.region : plan_.region;
    const Result<http::Url> endpoint =
        plan_.endpoint.empty() ? means_.endpoint(region) : http::parseUrl(plan_.endpoint);
    if (!endpoint) {
      aws::CallResult result{endpoint.error(), std::nullopt};
      co_return result;
    }
    aws::ClientConfig config;
    config.endpoint = *endpoint;
    config.scope = aws::Scope{region, "logs"};
    config.targetPrefix = "Logs_20140328";
    config.userAgent = means_.userAgent;
    config.timeout = limit;
    aws::JsonClient client(means_.client, std::move(config), signer_, means_.clock);
    co_return co_await client.call(std::move(operation), std::move(body));
  }

  /// Makes the stream, and its group.
  Async<Status> prepare(Duration limit) {
    if (!plan_.createStream) co_return Status();
    const std::string group = berth::json::dump({{"logGroupName", plan_.group}});
    const std::string stream =
        berth::json::dump({{"logGroupName", plan_.group}, {"logStreamName", plan_.stream}});
    aws::CallResult made = co_await call("CreateLogStream", stream, limit);
    if (is(made, kGone) && plan_.createGroup) {
      const aws::CallResult grouped = co_await call("CreateLogGroup", group, limit);
      if (!grouped.reply && !is(grouped, kThere)) co_return grouped.reply.error();
      made = co_await call("CreateLogStream", stream, limit);
    }
    co_return made.reply || is(made, kThere) ? Status() : Status(made.reply.error());
  }

  /// How many of its lines the service refuses for ever.
  Async<Result<size_t>> put(const std::vector<AwsLogsEvent>& batch, Duration limit) {
    const bool fresh = !prepared_;
    if (fresh) {
      if (Status made = co_await prepare(limit); !made) co_return made.error();
      prepared_ = true;
    }
    const aws::CallResult result = co_await call("PutLogEvents", putLogEventsBody(plan_, batch), limit);
    if (result.reply) co_return refusedLines(*result.reply, batch);
    if (is(result, kHadAlready)) co_return size_t{0};
    // Somebody has removed it.
    if (is(result, kGone)) prepared_ = false;
    if (is(result, kGone) && !fresh) co_return co_await put(batch, limit);
    co_return result.reply.error();
  }

  AwsLogsMeans means_;
  AwsLogsPlan plan_;
  MessageRule rule_;
  Signer signer_;
  bool prepared_ = false;
};

}  // namespace

std::shared_ptr<LogSink> makeAwsLogsSink(AwsLogsMeans means, AwsLogsPlan plan) {
  return std::make_shared<AwsLogsSink>(std::move(means), std::move(plan));
}

}  // namespace berth::agent::sinks
