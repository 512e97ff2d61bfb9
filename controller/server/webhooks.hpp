// Sends events to webhooks: one by one and in order to each, again until it is taken. What waits is the log
// of changes itself: what falls out of that before it was sent is dropped, and counted.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "common/http/client.hpp"
#include "common/ids/random.hpp"
#include "common/log/log.hpp"
#include "common/metrics/registry.hpp"
#include "controller/events/webhook.hpp"
#include "controller/server/event_feed.hpp"

namespace berth::controller {

struct WebhookDeps {
  boost::asio::io_context& io;
  http::Client& client;
  EventFeed& feed;
  std::function<Json(const Change&)> render;
  const Clock& clock;
  Random& random;
  Registry& metrics;
  Log& log;
};

class Webhooks {
 public:
  /// Each attempt may take `deadline`.
  Webhooks(std::vector<Webhook> hooks, WebhookDeps deps, Duration deadline = std::chrono::seconds(10));
  ~Webhooks();
  Webhooks(const Webhooks&) = delete;
  Webhooks& operator=(const Webhooks&) = delete;

  /// Sends what comes from now on.
  void start();

 private:
  struct Hook {
    Webhook to;
    int64_t next = 0;
    Counter* sent = nullptr;
    Counter* failed = nullptr;
    Counter* dropped = nullptr;
  };

  Async<void> follow(std::shared_ptr<Hook> hook, std::stop_token stop);
  /// Sends one event, again and again. False when there is no use in it: it was refused, or has fallen out of
  /// the log.
  Async<bool> deliver(std::shared_ptr<Hook> hook, std::stop_token stop);
  /// Takes into account that changes before the log's first are gone.
  void skipGone(Hook& hook);

  std::vector<std::shared_ptr<Hook>> hooks_;
  WebhookDeps deps_;
  Duration deadline_;
  std::stop_source stop_;
};

}  // namespace berth::controller
