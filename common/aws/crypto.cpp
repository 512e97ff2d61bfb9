#include "common/aws/crypto.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstdlib>
#include <memory>

namespace berth::aws {
namespace {

const uint8_t* bytesOf(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

/// Fails only without memory or without SHA-256 in OpenSSL: nothing signed could be trusted then.
template <class T>
T* must(T* made) {
  if (made == nullptr) std::abort();
  return made;
}
void must(int done) {
  if (done != 1) std::abort();
}

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

// To look an algorithm up by name, and to make its context, takes OpenSSL 3 longer than to digest a request:
// both are done once.
EVP_MD_CTX* digestContext() {
  static EVP_MD* const algorithm = must(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  thread_local const std::unique_ptr<EVP_MD_CTX, Free> context(must(EVP_MD_CTX_new()));
  must(EVP_DigestInit_ex2(context.get(), algorithm, nullptr));
  return context.get();
}

EVP_MAC_CTX* macContext(std::span<const uint8_t> key) {
  static EVP_MAC* const algorithm = must(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  thread_local const std::unique_ptr<EVP_MAC_CTX, Free> context(must(EVP_MAC_CTX_new(algorithm)));
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                                   OSSL_PARAM_construct_end()};
  thread_local bool known = false;
  // To OpenSSL no key is the key of the call before.
  constexpr uint8_t kEmpty = 0;
  must(EVP_MAC_init(context.get(), key.empty() ? &kEmpty : key.data(), key.size(),
                    known ? nullptr : parameters));
  known = true;
  return context.get();
}

}  // namespace

Sha256 sha256(std::string_view data) {
  Sha256 digest;
  EVP_MD_CTX* context = digestContext();
  must(EVP_DigestUpdate(context, data.data(), data.size()));
  must(EVP_DigestFinal_ex(context, digest.data(), nullptr));
  return digest;
}

std::string sha256Hex(std::string_view data) { return hexEncode(sha256(data)); }

Sha256 hmacSha256(std::span<const uint8_t> key, std::string_view data) {
  Sha256 digest;
  EVP_MAC_CTX* context = macContext(key);
  must(EVP_MAC_update(context, bytesOf(data), data.size()));
  size_t size = 0;
  must(EVP_MAC_final(context, digest.data(), &size, digest.size()));
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
