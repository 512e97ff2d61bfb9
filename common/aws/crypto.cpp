#include "common/aws/crypto.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdlib>

namespace berth::aws {
namespace {

const uint8_t* bytesOf(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

}  // namespace

Sha256 sha256(std::string_view data) {
  Sha256 digest;
  // Fails only without memory or without SHA-256 in OpenSSL: nothing signed could be trusted then.
  if (EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) std::abort();
  return digest;
}

std::string sha256Hex(std::string_view data) { return hexEncode(sha256(data)); }

Sha256 hmacSha256(std::span<const uint8_t> key, std::string_view data) {
  Sha256 digest;
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytesOf(data), data.size(), digest.data(),
            nullptr)) {
    std::abort();
  }
  return digest;
}

Sha256 hmacSha256(std::string_view key, std::string_view data) {
  return hmacSha256(std::span(bytesOf(key), key.size()), data);
}

std::string hexEncode(std::span<const uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string base64Encode(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // OpenSSL also writes a terminating zero
  const int length =
      EVP_EncodeBlock(reinterpret_cast<uint8_t*>(out.data()), bytesOf(bytes), static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(length));
  return out;
}

std::optional<std::string> base64Decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<uint8_t*>(out.data()), bytesOf(text), static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  // OpenSSL counts padding as zero bytes and tolerates blanks and stray padding: only text that encodes back
  // to itself is taken.
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<size_t>(length) >= padding ? static_cast<size_t>(length) - padding : 0);
  if (base64Encode(out) != text) return std::nullopt;
  return out;
}

bool constantTimeEqual(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace berth::aws
