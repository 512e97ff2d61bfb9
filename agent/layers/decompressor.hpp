// Layers as they are transferred: gzip (RFC 1952), zstd (RFC 8878) or plain, told apart by their first bytes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace berth::agent::layers {

class Decompressor {
 public:
  using Sink = std::function<Status(std::string_view)>;

  /// `sink` gets what is unpacked, in pieces of at most 256 KiB; an Error of it ends the work.
  explicit Decompressor(Sink sink);
  ~Decompressor();
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  /// The next bytes, in pieces of any size. Errors: the sink's, DataLoss for what can't be unpacked.
  Status take(std::string_view bytes);
  /// There are no more; DataLoss when there should be.
  Status finish();

 private:
  struct Stream;
  struct Gzip;
  struct Zstd;
  struct Plain;

  Status choose();

  Sink sink_;
  std::string head_;  ///< until the kind is known
  std::unique_ptr<Stream> stream_;
};

}  // namespace berth::agent::layers
