// What containers and the commands in them write, as the engine streams it. Source: Docker Engine API,
// "Attach to a container", stream format, and "Get container logs".
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/result/result.hpp"
#include "proto/streams/log_line.hpp"

namespace berth::docker {

/// Takes the frames (1 byte stream, 3 bytes 0, 4 bytes length, big-endian) of a stream without a terminal
/// apart, in whatever pieces it comes; keeps nothing but a frame's header.
class Demultiplexer {
 public:
  /// `frameEnds`: with this piece its frame is complete. Empty frames are a piece, too.
  using Take = std::function<void(bool isStderr, std::string_view piece, bool frameEnds)>;

  /// DataLoss when the bytes are no such stream.
  Status feed(std::string_view bytes, const Take& take);
  /// In the middle of a frame: the stream must not end here.
  bool inside() const { return left_ > 0 || !header_.empty(); }

 private:
  std::string header_;  ///< as far as it has come
  size_t left_ = 0;     ///< of the frame's content
  bool stderr_ = false;
};

/// The lines of GET /containers/ID/logs?timestamps=1, in whatever pieces it comes.
class LogReader {
 public:
  using Take = std::function<void(streams::LogLine)>;

  /// `tty`: the container has a terminal, so there are no frames. Lines longer than `longest` come in parts.
  LogReader(bool tty, size_t longest) : tty_(tty), longest_(longest) {}

  Status feed(std::string_view bytes, const Take& take);
  /// The end of the stream: a line without an end is one, too.
  void finish(const Take& take);

 private:
  struct Open {
    std::string text;     ///< what has come of a line, its time included until that is known
    std::string time;     ///< of the parts that were passed on already
    bool parted = false;  ///< there were such
  };

  void add(Open& open, bool isStderr, std::string_view piece, const Take& take);
  void close(Open& open, bool isStderr, bool partial, const Take& take);

  bool tty_;
  size_t longest_;
  Demultiplexer frames_;
  Open out_;
  Open err_;
};

}  // namespace berth::docker
