#include "controller/events/webhook.hpp"

#include <algorithm>
#include <chrono>

#include "common/aws/crypto.hpp"

namespace berth::controller {

std::string webhookSignature(const std::string& secret, WallTime now, const std::string& body) {
  const std::string seconds = std::to_string(toEpochMillis(now) / 1000);
  const aws::Sha256 digest = aws::hmacSha256(secret, seconds + "." + body);
  return "t=" + seconds + ",v1=" + aws::hexEncode(digest);
}

Duration webhookPause(int failures, double draw) {
  constexpr std::chrono::milliseconds kFirst{200};
  constexpr std::chrono::milliseconds kMost{60'000};
  constexpr int kDoublings = 16;
  const auto most = std::min(kMost, kFirst * (1 << std::clamp(failures, 1, kDoublings)));
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(most) * draw);
}

bool isPassing(int status) { return status == 408 || status == 429 || status >= 500; }

}  // namespace berth::controller
