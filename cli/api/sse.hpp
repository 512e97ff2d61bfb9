// Server-sent events out of the bytes of a stream. Source: HTML Living Standard, "Server-sent events".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

struct StreamEvent {
  std::string id;    ///< the last id that the stream gave; empty before the first
  std::string type;  ///< "message" unless the stream names another
  std::string data;  ///< lines joined by newlines; empty for a bare id
};

class EventReader {
 public:
  /// Takes more bytes; the events that are complete by them.
  std::vector<StreamEvent> feed(std::string_view bytes);
  /// The id to go on behind.
  const std::string& lastId() const { return lastId_; }

 private:
  void line(std::string_view text, std::vector<StreamEvent>& out);

  std::string rest_;
  std::string lastId_;
  std::string type_;
  std::string data_;
  bool hasData_ = false;
  bool hasId_ = false;
};

}  // namespace berth::cli
