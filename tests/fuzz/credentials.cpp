// AWS's shared credentials file.
#include "common/aws/credentials.hpp"

#include "tests/fuzz/target.hpp"

BERTH_FUZZ_TARGET(credentials) {
  using namespace berth;
  for (const std::string_view profile : {"default", "other"}) {
    const auto credentials = aws::parseCredentials(input, "file", profile);
    if (credentials) {
      fuzz::require(!credentials->accessKeyId.empty() && !credentials->secretAccessKey.empty(),
                    "a key has both halves");
      const std::string text = "[other]\naws_access_key_id = " + credentials->accessKeyId +
                               "\naws_secret_access_key = " + credentials->secretAccessKey +
                               (credentials->sessionToken.empty() ? "" : "\naws_session_token = ") +
                               credentials->sessionToken + "\n";
      const auto again = aws::parseCredentials(text, "file", "other");
      fuzz::require(again.ok(), "what was read can be written and read", text);
      const bool same = again->accessKeyId == credentials->accessKeyId &&
                        again->secretAccessKey == credentials->secretAccessKey &&
                        again->sessionToken == credentials->sessionToken;
      fuzz::require(same, "a profile written again is the same", text);
    } else {
      const std::string& message = credentials.error().message;
      fuzz::require(message.find("file") != std::string::npos, "an error names the file", message);
      // The seeds' secrets are made of this word, and nothing else is.
      fuzz::require(message.find("EXAMPLESECRET") == std::string::npos, "an error shows no value", message);
    }
  }
}
