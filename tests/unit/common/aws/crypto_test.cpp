#include "common/aws/crypto.hpp"

#include <catch2/catch.hpp>

using namespace berth::aws;

TEST_CASE("SHA-256 and HMAC give the published digests") {
  CHECK(sha256Hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256Hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231, test case 2.
  CHECK(hexEncode(hmacSha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("base64 follows the vectors of RFC 4648 both ways") {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    CHECK(base64Encode(plain) == encoded);
    CHECK(base64Decode(encoded) == std::string(plain));
  }
  std::string every;
  for (int i = 0; i < 256; ++i) every += static_cast<char>(i);
  CHECK(base64Decode(base64Encode(every)) == every);
}

TEST_CASE("base64 that no encoder writes is refused") {
  for (const char* text :
       {"Zg", "Zg=", "Zg==\n", " Zg==", "Zh==", "Z===", "====", "Zm=v", "Zm9-", "Zg==Zg=="}) {
    INFO(text);
    CHECK_FALSE(base64Decode(text));
  }
}

TEST_CASE("comparison in constant time still compares") {
  CHECK(constantTimeEqual("", ""));
  CHECK(constantTimeEqual("abc", "abc"));
  CHECK_FALSE(constantTimeEqual("abc", "abd"));
  CHECK_FALSE(constantTimeEqual("abc", "ab"));
}
