// Events for one client, as server-sent events (WHATWG HTML, "Server-sent events").
#pragma once

#include <functional>
#include <string>

#include "common/http/server.hpp"
#include "controller/events/render_event.hpp"
#include "controller/server/event_feed.hpp"

namespace berth::controller {

class EventStream final : public http::BodySource {
 public:
  /// Makes the JSON of a change.
  using Render = std::function<Json(const Change&)>;

  /// Begins behind the position `after`. A heartbeat comes when there was nothing for so long.
  EventStream(EventFeed& feed, EventFilter filter, int64_t after, Render render, Duration heartbeat)
      : feed_(feed),
        filter_(std::move(filter)),
        next_(after + 1),
        render_(std::move(render)),
        heartbeat_(heartbeat) {}

  /// Some events, each "id: POSITION\nevent: message\ndata: {...}\n\n"; or a heartbeat, a comment with the
  /// position up to which nothing was for this client; or "event: gap", when changes behind `after` are not
  /// there any more, or are none of this controller's: {"after": ..., "oldest": ...}.
  Async<std::string> next() override;
  void stop() override;

 private:
  std::string gap();
  std::string batch();

  EventFeed& feed_;
  EventFilter filter_;
  int64_t next_;
  Render render_;
  Duration heartbeat_;
  bool greeted_ = false;
  bool stopped_ = false;
};

}  // namespace berth::controller
