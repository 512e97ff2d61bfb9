#include "controller/server/webhooks.hpp"

#include <utility>

#include <boost/asio/io_context.hpp>

#include "proto/json/fields.hpp"

namespace berth::controller {
namespace {

constexpr Duration kIdle = std::chrono::seconds(60);

http::Call callOf(const Webhook& to, int64_t position, std::string body, WallTime now, Duration deadline) {
  http::Call call;
  call.request.method = "POST";
  call.request.url = to.url;
  call.request.headers.set("Content-Type", "application/json");
  call.request.headers.set("Berth-Event-Id", std::to_string(position));
  if (!to.secret.empty()) call.request.headers.set("Berth-Signature", webhookSignature(to.secret, now, body));
  call.request.body = std::move(body);
  call.timeout = deadline;
  return call;
}

}  // namespace

Webhooks::Webhooks(std::vector<Webhook> hooks, WebhookDeps deps, Duration deadline)
    : deps_(std::move(deps)), deadline_(deadline) {
  for (Webhook& to : hooks) {
    auto hook = std::make_shared<Hook>();
    const Labels labels{{"webhook", to.name}};
    hook->sent =
        &deps_.metrics.counter("berth_webhook_sent_total", "events that a webhook has taken", labels);
    hook->failed = &deps_.metrics.counter("berth_webhook_failures_total",
                                          "attempts that a webhook did not take", labels);
    hook->dropped = &deps_.metrics.counter("berth_webhook_dropped_total",
                                           "changes that a webhook will not be sent", labels);
    hook->to = std::move(to);
    hooks_.push_back(std::move(hook));
  }
}

Webhooks::~Webhooks() { stop_.request_stop(); }

void Webhooks::start() {
  for (const auto& hook : hooks_) {
    hook->next = deps_.feed.log().end();
    spawn(deps_.io.get_executor(), deps_.log, "webhook",
          [this, hook, stop = stop_.get_token()] { return follow(hook, stop); });
  }
}

void Webhooks::skipGone(Hook& hook) {
  const int64_t begin = deps_.feed.log().begin();
  if (hook.next >= begin) return;
  hook.dropped->add(static_cast<double>(begin - hook.next));
  deps_.log.warn("a webhook is too slow: changes are dropped",
                 {{"webhook", hook.to.name}, {"changes", begin - hook.next}});
  hook.next = begin;
}

Async<bool> Webhooks::deliver(std::shared_ptr<Hook> hook, std::stop_token stop) {
  const int64_t position = hook->next;
  const std::string body = json::dump(deps_.render(deps_.feed.log().at(position)));
  for (int failures = 0; position >= deps_.feed.log().begin();) {
    http::Call call = callOf(hook->to, position, body, deps_.clock.now().wall, deadline_);
    const auto answer = co_await deps_.client.fetch(std::move(call), stop);
    if (stop.stop_requested()) co_return false;
    const bool taken = answer && answer->status >= 200 && answer->status < 300;
    if (taken) co_return true;
    hook->failed->add();
    ++failures;
    const std::string why = answer ? "status " + std::to_string(answer->status) : answer.error().message;
    if (answer && !isPassing(answer->status)) {
      deps_.log.warn("a webhook has refused an event", {{"webhook", hook->to.name}, {"reason", why}});
      hook->dropped->add();
      co_return false;
    }
    if (failures == 1)
      deps_.log.warn("a webhook can't be reached: trying again",
                     {{"webhook", hook->to.name}, {"reason", why}});
    const bool waited = co_await sleepFor(webhookPause(failures, deps_.random.uniform()), stop);
    if (!waited) co_return false;
  }
  co_return false;
}

Async<void> Webhooks::follow(std::shared_ptr<Hook> hook, std::stop_token stop) {
  while (!stop.stop_requested()) {
    skipGone(*hook);
    if (hook->next >= deps_.feed.log().end()) {
      co_await deps_.feed.wait(kIdle);
      continue;
    }
    const int64_t position = hook->next;
    if (hook->to.filter.takes(deps_.feed.log().at(position))) {
      const bool taken = co_await deliver(hook, stop);
      if (stop.stop_requested()) co_return;
      if (taken) hook->sent->add();
    }
    // What fell out of the log meanwhile is counted by the next look.
    if (position >= deps_.feed.log().begin()) hook->next = position + 1;
  }
}

}  // namespace berth::controller
