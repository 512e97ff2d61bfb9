#include "controller/server/open_ends.hpp"

#include <algorithm>
#include <utility>

namespace berth::controller {
namespace {

bool isGone(const OpenEnds::End& end) {
  return std::visit([](const auto& open) { return open.expired(); }, end);
}

bool closeEnd(const OpenEnds::End& end) {
  if (const auto* socket = std::get_if<std::weak_ptr<http::WebSocket>>(&end)) {
    const auto open = socket->lock();
    if (open) open->close(1008, "the access key is not known any more");
    return open != nullptr;
  }
  const auto open = std::get<std::weak_ptr<http::BodySource>>(end).lock();
  if (open) open->stop();
  return open != nullptr;
}

}  // namespace

void OpenEnds::forgetGone() {
  std::erase_if(open_, [](const Open& one) { return isGone(one.end); });
  sweepAt_ = std::max<size_t>(64, 2 * open_.size());
}

void OpenEnds::add(std::string accessKeyId, End end) {
  if (open_.size() >= sweepAt_) forgetGone();
  open_.push_back({std::move(accessKeyId), std::move(end)});
}

size_t OpenEnds::endStrangers(const std::function<bool(std::string_view)>& known) {
  size_t out = 0;
  std::erase_if(open_, [&](const Open& one) {
    if (known(one.accessKeyId)) return false;
    if (closeEnd(one.end)) ++out;
    return true;
  });
  return out;
}

http::UpgradeDecision kept(http::UpgradeDecision decision, std::string accessKeyId, OpenEnds& ends) {
  auto* upgrade = std::get_if<http::Upgrade>(&decision);
  if (!upgrade) return decision;
  using Socket = std::shared_ptr<http::WebSocket>;
  if (auto* opened = std::get_if<http::WebSocketOpened>(&upgrade->session)) {
    upgrade->session = http::WebSocketOpened(
        [opened = std::move(*opened), key = std::move(accessKeyId), &ends](Socket socket) {
          ends.add(key, std::weak_ptr(socket));
          return opened(std::move(socket));
        });
    return decision;
  }
  auto run = std::get<http::WebSocketSession>(std::move(upgrade->session));
  upgrade->session =
      http::WebSocketSession([run = std::move(run), key = std::move(accessKeyId), &ends](Socket socket) {
        ends.add(key, std::weak_ptr(socket));
        return run(std::move(socket));
      });
  return decision;
}

}  // namespace berth::controller
