#include "agent/layers/decompressor.hpp"

#include <zlib.h>
#include <zstd.h>

#include <limits>
#include <new>
#include <utility>
#include <vector>

namespace berth::agent::layers {
namespace {

constexpr size_t kPiece = 256 << 10;
constexpr size_t kTellingBytes = 4;
constexpr int kLargestWindow = 27;  // as a power of two: what zstd itself allows by default
constexpr int kWithHeader = 16;     // zlib's word for gzip's format

Error notUnpacked(const std::string& why) {
  return makeError(Code::DataLoss, "the layer can't be unpacked: " + why);
}

}  // namespace

struct Decompressor::Stream {
  virtual ~Stream() = default;
  virtual Status take(std::string_view bytes) = 0;
  virtual Status finish() = 0;
};

struct Decompressor::Plain final : Decompressor::Stream {
  explicit Plain(Sink& to) : sink(to) {}
  Status take(std::string_view bytes) override {
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, kPiece);
      if (Status taken = sink(piece); !taken) return taken;
      bytes.remove_prefix(piece.size());
    }
    return {};
  }
  Status finish() override { return {}; }

  Sink& sink;
};

struct Decompressor::Gzip final : Decompressor::Stream {
  explicit Gzip(Sink& to) : sink(to), space(kPiece) {
    if (::inflateInit2(&state, MAX_WBITS + kWithHeader) != Z_OK) throw std::bad_alloc();
    // What the digests of the layer prove needs no sum beside them.
    ::inflateValidate(&state, 0);
  }
  ~Gzip() override { ::inflateEnd(&state); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  Status take(std::string_view bytes) override {
    while (!bytes.empty()) {
      const std::string_view part = bytes.substr(0, std::numeric_limits<uInt>::max());
      bytes.remove_prefix(part.size());
      if (Status taken = inflateAll(part); !taken) return taken;
    }
    return {};
  }

  Status inflateAll(std::string_view bytes) {
    state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    state.avail_in = static_cast<uInt>(bytes.size());
    while (true) {
      // Members may follow each other, as programs that pack in parallel write them.
      if (ended && state.avail_in > 0) {
        ::inflateReset(&state);
        ended = false;
      }
      if (ended) return {};
      state.next_out = reinterpret_cast<Bytef*>(space.data());
      state.avail_out = static_cast<uInt>(space.size());
      const int code = ::inflate(&state, Z_NO_FLUSH);
      const size_t count = space.size() - state.avail_out;
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        return notUnpacked(state.msg ? state.msg : "gzip");
      if (count > 0) {
        if (Status taken = sink(std::string_view(space.data(), count)); !taken) return taken;
      }
      ended = code == Z_STREAM_END;
      if (!ended && state.avail_out > 0 && state.avail_in == 0) return {};
    }
  }

  Status finish() override { return ended ? Status() : notUnpacked("its gzip stream is cut off"); }

  Sink& sink;
  std::vector<char> space;
  z_stream state{};
  bool ended = false;
};

struct Decompressor::Zstd final : Decompressor::Stream {
  explicit Zstd(Sink& to) : sink(to), space(kPiece), state(::ZSTD_createDStream()) {
    if (state == nullptr) throw std::bad_alloc();
    ::ZSTD_DCtx_setParameter(state, ZSTD_d_windowLogMax, kLargestWindow);
  }
  ~Zstd() override { ::ZSTD_freeDStream(state); }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;

  Status take(std::string_view bytes) override {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    bool full = false;
    while (in.pos < in.size || full) {
      ZSTD_outBuffer out{space.data(), space.size(), 0};
      left = ::ZSTD_decompressStream(state, &out, &in);
      if (::ZSTD_isError(left) != 0) return notUnpacked(::ZSTD_getErrorName(left));
      if (out.pos > 0) {
        if (Status taken = sink(std::string_view(space.data(), out.pos)); !taken) return taken;
      }
      // There may be more of it, without more input.
      full = out.pos == out.size && left != 0;
    }
    return {};
  }

  Status finish() override { return left == 0 ? Status() : notUnpacked("its zstd stream is cut off"); }

  Sink& sink;
  std::vector<char> space;
  ZSTD_DStream* state;
  size_t left = 1;  ///< 0 between frames
};

Decompressor::Decompressor(Sink sink) : sink_(std::move(sink)) {}
Decompressor::~Decompressor() = default;

Status Decompressor::choose() {
  const auto begins = [this](std::string_view magic) { return std::string_view(head_).starts_with(magic); };
  // Some begin with a frame that zstd skips.
  const bool skippable = head_.size() == kTellingBytes && (static_cast<uint8_t>(head_[0]) & 0xf0) == 0x50 &&
                         head_.substr(1) == "\x2a\x4d\x18";
  if (begins("\x1f\x8b")) {
    stream_ = std::make_unique<Gzip>(sink_);
  } else if (begins("\x28\xb5\x2f\xfd") || skippable) {
    stream_ = std::make_unique<Zstd>(sink_);
  } else {
    stream_ = std::make_unique<Plain>(sink_);
  }
  return stream_->take(std::exchange(head_, {}));
}

Status Decompressor::take(std::string_view bytes) {
  if (!stream_) {
    const std::string_view first = bytes.substr(0, kTellingBytes - head_.size());
    head_ += first;
    bytes.remove_prefix(first.size());
    if (head_.size() < kTellingBytes) return {};
    if (Status chosen = choose(); !chosen) return chosen;
  }
  return stream_->take(bytes);
}

Status Decompressor::finish() {
  if (!stream_) {
    if (Status chosen = choose(); !chosen) return chosen;
  }
  return stream_->finish();
}

}  // namespace berth::agent::layers
