#include "agent/layers/decompressor.hpp"

#include <zlib.h>
#include <zstd.h>

#include <catch2/catch.hpp>
#include <cstring>

using namespace berth;
using agent::layers::Decompressor;

namespace {

std::string gzipped(const std::string& text) {
  z_stream state{};
  REQUIRE(::deflateInit2(&state, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(::deflateBound(&state, text.size()), '\0');
  std::string in = text;
  state.next_in = reinterpret_cast<Bytef*>(in.data());
  state.avail_in = static_cast<uInt>(in.size());
  state.next_out = reinterpret_cast<Bytef*>(out.data());
  state.avail_out = static_cast<uInt>(out.size());
  REQUIRE(::deflate(&state, Z_FINISH) == Z_STREAM_END);
  out.resize(state.total_out);
  ::deflateEnd(&state);
  return out;
}

std::string zstdPacked(const std::string& text) {
  std::string out(::ZSTD_compressBound(text.size()), '\0');
  out.resize(::ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

Result<std::string> unpacked(const std::string& packed, size_t piece) {
  std::string out;
  Decompressor decompressor([&out](std::string_view bytes) {
    REQUIRE(bytes.size() <= 256 << 10);
    out += bytes;
    return Status();
  });
  for (size_t at = 0; at < packed.size(); at += piece) {
    if (Status taken = decompressor.take(std::string_view(packed).substr(at, piece)); !taken)
      return taken.error();
  }
  if (Status finished = decompressor.finish(); !finished) return finished.error();
  return out;
}

/// More than fits into one piece of output; it packs well.
std::string sample() {
  std::string out;
  for (int i = 0; i < 100'000; ++i) out += std::to_string(i * 7) + " ";
  return out;
}

}  // namespace

TEST_CASE("gzip, zstd and plain bytes are told apart and unpacked, whatever the pieces") {
  const std::string text = sample();
  for (const size_t piece : {1ul, 1000ul, size_t{1} << 20}) {
    CHECK(*unpacked(gzipped(text), piece) == text);
    CHECK(*unpacked(zstdPacked(text), piece) == text);
    CHECK(*unpacked(text, piece) == text);
  }
  CHECK(unpacked("ab", 1).value() == "ab");
  CHECK(unpacked("", 1).value().empty());
}

TEST_CASE("Several members of gzip and frames of zstd make one stream") {
  CHECK(*unpacked(gzipped("one ") + gzipped("") + gzipped("two"), 3) == "one two");
  CHECK(*unpacked(zstdPacked("one ") + zstdPacked("two"), 3) == "one two");
  std::string skipped("\x50\x2a\x4d\x18\x04\0\0\0junk", 12);
  CHECK(*unpacked(skipped + zstdPacked("kept"), 5) == "kept");
}

TEST_CASE("Streams that are cut off or damaged are refused") {
  const std::string text = sample();
  for (const std::string& packed : {gzipped(text), zstdPacked(text)}) {
    CHECK(unpacked(packed.substr(0, packed.size() - 1), 4096).error().code == Code::DataLoss);
    CHECK(unpacked(packed.substr(0, 20), 4096).error().code == Code::DataLoss);
    std::string damaged = packed;
    for (size_t i = 0; i < 64; ++i)
      damaged[damaged.size() / 2 + i] = static_cast<char>(~damaged[damaged.size() / 2 + i]);
    const auto result = unpacked(damaged, 4096);
    CHECK((!result || *result != text));
  }
  CHECK(unpacked(gzipped("x") + "trailing", 4096).error().code == Code::DataLoss);
}

TEST_CASE("An error of whoever takes the bytes ends the work") {
  int calls = 0;
  Decompressor decompressor([&calls](std::string_view) -> Status {
    ++calls;
    return makeError(Code::ResourceExhausted, "full");
  });
  CHECK(decompressor.take(gzipped(sample())).error().code == Code::ResourceExhausted);
  CHECK(calls == 1);
}
