// One session of Amazon's session-manager-plugin: its messages on one side, the frames of docs/exec.md on the
// other. Pure: the caller carries messages, and says what time it is.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids/random.hpp"
#include "proto/ssm/message.hpp"

namespace berth::controller {

class DataChannel {
 public:
  /// `random` makes the ids of messages, and must outlive this.
  DataChannel(std::string session, Random& random) : session_(std::move(session)), random_(random) {}

  /// What goes out because of a call: messages for the plugin, frames for the agent.
  struct Out {
    std::vector<std::string> messages;
    std::vector<std::string> frames;
  };

  /// The plugin's token was right: asks it for a terminal.
  Out begin(const Now& now);
  /// A message of the plugin. InvalidArgument, FailedPrecondition: the session is to be ended with these
  /// words. What comes twice is acknowledged and counts once; what comes too early is left to come again.
  Result<Out> received(std::string_view message, const Now& now);
  /// A frame of the agent. Of output the messages, as long as the plugin is not ready none: they wait.
  /// Others say nothing that the plugin would understand.
  Out send(std::string_view frame, const Now& now);
  /// What the plugin has not acknowledged in time, again: while it sets itself up it drops what it gets.
  std::vector<std::string> due(const Now& now);
  /// The last message; with `words` the plugin shows them.
  std::string closing(std::string_view words, const Now& now);

  /// Bytes of output that the plugin has not acknowledged.
  size_t unacknowledged() const { return unacknowledged_; }
  /// For how long the oldest of them waits; zero where none does.
  Duration waiting(const Now& now) const;

 private:
  struct Sent {
    int64_t sequence = 0;
    size_t bytes = 0;
    std::string message;
    MonoTime first{};
    MonoTime last{};
  };

  ssm::Message messageOf(std::string_view type, std::string payload, const Now& now);
  std::string next(ssm::PayloadType type, std::string payload, const Now& now);
  std::string plain(std::string_view type, std::string payload, const Now& now);
  void acknowledged(int64_t sequence);
  Status takeInput(const ssm::Message& message, const Now& now, Out& out);

  std::string session_;
  Random& random_;
  bool ready_ = false;
  int64_t expected_ = 0;  ///< of the plugin's messages
  int64_t next_ = 0;      ///< of ours
  std::deque<Sent> sent_;
  std::vector<std::string> early_;  ///< output before the plugin is ready
  size_t unacknowledged_ = 0;
};

}  // namespace berth::controller
