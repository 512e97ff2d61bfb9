// SHA-256 of bytes as they come.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace berth::agent::layers {

class StreamDigest {
 public:
  StreamDigest();
  ~StreamDigest();
  StreamDigest(const StreamDigest&) = delete;
  StreamDigest& operator=(const StreamDigest&) = delete;

  void add(std::string_view bytes);
  /// "sha256:..."; nothing can be added after it.
  std::string text();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace berth::agent::layers
