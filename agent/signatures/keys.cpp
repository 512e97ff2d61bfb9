#include "agent/signatures/keys.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "common/aws/crypto.hpp"

namespace berth::agent::signatures {
namespace {

struct Freed {
  void operator()(BIO* one) const { ::BIO_free(one); }
  void operator()(EVP_MD_CTX* one) const { ::EVP_MD_CTX_free(one); }
  void operator()(ECDSA_SIG* one) const { ::ECDSA_SIG_free(one); }
  void operator()(X509_STORE* one) const { ::X509_STORE_free(one); }
  void operator()(X509_STORE_CTX* one) const { ::X509_STORE_CTX_free(one); }
  // What is in it belongs to others.
  void operator()(STACK_OF(X509) * one) const { sk_X509_free(one); }
};
template <class T>
using Owned = std::unique_ptr<T, Freed>;

const uint8_t* bytesOf(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

Owned<BIO> bioOf(const std::string& text) {
  return Owned<BIO>(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

bool isP256(EVP_PKEY* key) {
  std::array<char, 64> name{};
  return ::EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
         ::EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) == 1 &&
         ::OBJ_sn2nid(name.data()) == NID_X9_62_prime256v1;
}

bool verified(EVP_PKEY* key, const EVP_MD* digest, bool pss, std::string_view data,
              std::string_view signature) {
  const Owned<EVP_MD_CTX> context(::EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;  // of the context
  if (!context || ::EVP_DigestVerifyInit(context.get(), &settings, digest, nullptr, key) != 1) return false;
  if (pss && (::EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) != 1 ||
              ::EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) != 1))
    return false;
  return ::EVP_DigestVerify(context.get(), bytesOf(signature), signature.size(), bytesOf(data),
                            data.size()) == 1;
}

/// JWS has the two numbers side by side, each of `size` bytes; OpenSSL wants ASN.1.
std::string asAsn1(std::string_view raw, size_t size) {
  if (raw.size() != 2 * size) return {};
  const Owned<ECDSA_SIG> pair(::ECDSA_SIG_new());
  BIGNUM* r = ::BN_bin2bn(bytesOf(raw), static_cast<int>(size), nullptr);
  BIGNUM* s = ::BN_bin2bn(bytesOf(raw) + size, static_cast<int>(size), nullptr);
  ::ECDSA_SIG_set0(pair.get(), r, s);
  uint8_t* out = nullptr;
  const int length = ::i2d_ECDSA_SIG(pair.get(), &out);
  std::string text(reinterpret_cast<char*>(out), static_cast<size_t>(std::max(0, length)));
  ::OPENSSL_free(out);
  return text;
}

struct Algorithm {
  std::string_view name;
  const EVP_MD* (*digest)();
  size_t curveBytes;  ///< 0: RSA-PSS
  int bits;           ///< of the curve
};
constexpr std::array<Algorithm, 6> kAlgorithms = {{{"PS256", &::EVP_sha256, 0, 0},
                                                   {"PS384", &::EVP_sha384, 0, 0},
                                                   {"PS512", &::EVP_sha512, 0, 0},
                                                   {"ES256", &::EVP_sha256, 32, 256},
                                                   {"ES384", &::EVP_sha384, 48, 384},
                                                   {"ES512", &::EVP_sha512, 66, 521}}};

/// What a certificate may be used for, as far as it says.
bool isForCode(X509* certificate) {
  const uint32_t extended = ::X509_get_extended_key_usage(certificate);
  const uint32_t usage = ::X509_get_key_usage(certificate);
  return (extended == UINT32_MAX || (extended & XKU_CODE_SIGN) != 0) &&
         (usage == UINT32_MAX || (usage & KU_DIGITAL_SIGNATURE) != 0);
}

}  // namespace

std::optional<std::string> decodeBase64(std::string_view text) {
  std::string plain(text);
  std::ranges::replace(plain, '-', '+');
  std::ranges::replace(plain, '_', '/');
  while (plain.ends_with('=')) plain.pop_back();
  while (plain.size() % 4 != 0) plain += '=';
  return aws::base64Decode(plain);
}

Result<PublicKey> PublicKey::parse(const std::string& pem) {
  PublicKey out;
  const Owned<BIO> text = bioOf(pem);
  out.key_.reset(::PEM_read_bio_PUBKEY(text.get(), nullptr, nullptr, nullptr), ::EVP_PKEY_free);
  if (!out.key_)
    return makeError(Code::InvalidArgument, "it has no -----BEGIN PUBLIC KEY----- that can be read");
  if (!isP256(out.key_.get()) && ::EVP_PKEY_get_base_id(out.key_.get()) != EVP_PKEY_ED25519)
    return makeError(Code::InvalidArgument, "it is a key of another kind than ECDSA on P-256 and Ed25519");
  return out;
}

bool PublicKey::verifies(std::string_view data, std::string_view signature) const {
  const bool ecdsa = ::EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_EC;
  return verified(key_.get(), ecdsa ? ::EVP_sha256() : nullptr, false, data, signature);
}

Result<Certificates> Certificates::parse(const std::string& pem) {
  Certificates out;
  const Owned<BIO> text = bioOf(pem);
  while (X509* one = ::PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr))
    out.all_.emplace_back(one, ::X509_free);
  if (out.all_.empty())
    return makeError(Code::InvalidArgument, "it has no -----BEGIN CERTIFICATE----- that can be read");
  return out;
}

Result<Certificates> Certificates::decode(const std::vector<std::string>& der) {
  Certificates out;
  for (const std::string& one : der) {
    const uint8_t* at = bytesOf(one);
    X509* certificate = ::d2i_X509(nullptr, &at, static_cast<long>(one.size()));
    if (certificate == nullptr) return makeError(Code::InvalidArgument, "a certificate can't be read");
    out.all_.emplace_back(certificate, ::X509_free);
  }
  if (out.all_.empty()) return makeError(Code::InvalidArgument, "there is no certificate");
  return out;
}

Status Certificates::chainsTo(const Certificates& trusted, WallTime now) const {
  if (!isForCode(all_.front().get()))
    return makeError(Code::PermissionDenied, "its certificate is not for signing code");
  const Owned<X509_STORE> store(::X509_STORE_new());
  for (const auto& one : trusted.all_) ::X509_STORE_add_cert(store.get(), one.get());
  const Owned<STACK_OF(X509)> others(sk_X509_new_null());
  for (size_t i = 1; i < all_.size(); ++i) sk_X509_push(others.get(), all_[i].get());
  const Owned<X509_STORE_CTX> context(::X509_STORE_CTX_new());
  if (::X509_STORE_CTX_init(context.get(), store.get(), all_.front().get(), others.get()) != 1)
    return makeError(Code::Internal, "a chain of certificates can't be checked");
  X509_VERIFY_PARAM* rules = ::X509_STORE_CTX_get0_param(context.get());
  // One that is trusted need not be a root.
  ::X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  ::X509_VERIFY_PARAM_set_time(rules, toEpochMillis(now) / 1000);
  if (::X509_verify_cert(context.get()) == 1) return {};
  const int fault = ::X509_STORE_CTX_get_error(context.get());
  return makeError(Code::PermissionDenied,
                   std::string("its certificate is not trusted: ") + ::X509_verify_cert_error_string(fault));
}

bool Certificates::firstVerifies(std::string_view algorithm, std::string_view data,
                                 std::string_view signature) const {
  const auto found = std::ranges::find(kAlgorithms, algorithm, &Algorithm::name);
  EVP_PKEY* key = ::X509_get0_pubkey(all_.front().get());
  if (found == kAlgorithms.end() || key == nullptr) return false;
  const bool pss = found->curveBytes == 0;
  if (::EVP_PKEY_get_base_id(key) != (pss ? EVP_PKEY_RSA : EVP_PKEY_EC)) return false;
  if (pss) return verified(key, found->digest(), true, data, signature);
  if (::EVP_PKEY_get_bits(key) != found->bits) return false;
  return verified(key, found->digest(), false, data, asAsn1(signature, found->curveBytes));
}

}  // namespace berth::agent::signatures
