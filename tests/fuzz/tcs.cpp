// Frames of the telemetry channel.
#include "proto/tcs/codec.hpp"

#include "tests/fuzz/target.hpp"

BERTH_FUZZ_TARGET(tcs) {
  using namespace berth;
  const auto type = tcs::decodeType(input);
  if (type) fuzz::require(!type->empty(), "a frame has a type");
  const auto decoded = tcs::decodeFromAgent(input);
  if (!decoded) return fuzz::require(!decoded.error().message.empty(), "an error says why");
  const std::string once = tcs::encode(*decoded);
  const auto bare = tcs::decodeFromAgent(once);
  fuzz::require(bare.ok(), "what was decoded can be sent and read", once);
  fuzz::require(tcs::encode(*bare) == once, "decoding and encoding is stable", once);
  const auto framed =
      tcs::decodeFromAgent(tcs::frame({{"X-Amz-Date", "20240629T083320Z"}, {"Host", "h"}}, once));
  fuzz::require(framed.ok() && tcs::encode(*framed) == once, "headers before a frame change nothing", once);
}
