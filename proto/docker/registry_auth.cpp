#include "proto/docker/registry_auth.hpp"

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "proto/json/fields.hpp"

namespace berth::docker {
namespace {

std::string base64Url(std::string_view bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    std::array<uint32_t, 3> group{};
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    for (size_t j = 0; j < count; ++j) group[j] = static_cast<unsigned char>(bytes[i + j]);
    const uint32_t bits = group[0] << 16 | group[1] << 8 | group[2];
    out += kDigits[bits >> 18 & 63];
    out += kDigits[bits >> 12 & 63];
    out += count > 1 ? kDigits[bits >> 6 & 63] : '=';
    out += count > 2 ? kDigits[bits & 63] : '=';
  }
  return out;
}

}  // namespace

std::string encodeRegistryAuth(std::string_view username, std::string_view password,
                               std::string_view registry) {
  const nlohmann::json auth = {{"username", username}, {"password", password}, {"serveraddress", registry}};
  return base64Url(berth::json::dump(auth));
}

}  // namespace berth::docker
