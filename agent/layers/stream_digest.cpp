#include "agent/layers/stream_digest.hpp"

#include <openssl/evp.h>

#include <array>
#include <new>
#include <span>

#include "common/aws/crypto.hpp"

namespace berth::agent::layers {

struct StreamDigest::State {
  EVP_MD_CTX* context = ::EVP_MD_CTX_new();
  ~State() { ::EVP_MD_CTX_free(context); }
};

StreamDigest::StreamDigest() : state_(std::make_unique<State>()) {
  if (state_->context == nullptr || ::EVP_DigestInit_ex(state_->context, ::EVP_sha256(), nullptr) != 1)
    throw std::bad_alloc();
}

StreamDigest::~StreamDigest() = default;

void StreamDigest::add(std::string_view bytes) {
  ::EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

std::string StreamDigest::text() {
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  ::EVP_DigestFinal_ex(state_->context, digest.data(), &size);
  return "sha256:" + aws::hexEncode(std::span(digest.data(), size));
}

}  // namespace berth::agent::layers
