// The digests and text encodings that AWS requests are made of.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace berth::aws {

using Sha256 = std::array<uint8_t, 32>;

Sha256 sha256(std::string_view data);
/// 64 lower-case hex digits.
std::string sha256Hex(std::string_view data);
Sha256 hmacSha256(std::span<const uint8_t> key, std::string_view data);
Sha256 hmacSha256(std::string_view key, std::string_view data);

/// Lower case, two digits a byte.
std::string hexEncode(std::span<const uint8_t> bytes);

/// RFC 4648 section 4, padded.
std::string base64Encode(std::string_view bytes);
/// Reads exactly what base64Encode writes; nullopt for another alphabet, line breaks or missing padding.
std::optional<std::string> base64Decode(std::string_view text);

/// Compares in time that depends on the lengths only.
bool constantTimeEqual(std::string_view a, std::string_view b);

}  // namespace berth::aws
