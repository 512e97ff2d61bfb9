// HTTP messages and URLs as values; no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result/result.hpp"

namespace berth::http {

/// Header fields in the order in which they were added. Names compare without regard to case (ASCII).
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  /// The value of the first field of that name.
  std::optional<std::string_view> get(std::string_view name) const;
  /// Adds a field, also when there is one of that name.
  void add(std::string name, std::string value);
  /// Makes this the only field of that name.
  void set(std::string name, std::string value);
  void remove(std::string_view name);

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }
  bool operator==(const Headers&) const = default;

 private:
  std::vector<Field> fields_;
};

/// What a client sends.
struct Request {
  std::string method = "GET";
  std::string url;  ///< "http://host:port/path?query"
  Headers headers;  ///< Host, Content-Length and Connection are made by the client
  std::string body;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

/// An absolute http, https, ws or wss URL (RFC 3986), without fragment.
struct Url {
  std::string scheme;  ///< lower case
  std::string host;    ///< as written; an IPv6 address is without brackets
  uint16_t port = 0;   ///< the scheme's default when the URL has none
  std::string path;    ///< still percent-encoded, at least "/"
  std::string query;   ///< still percent-encoded, without "?"

  /// https or wss.
  bool tls() const;
  /// As the Host header carries it: IPv6 in brackets, the port only when it is not the scheme's default.
  std::string authority() const;
  /// path, and "?query" when there is one.
  std::string target() const;
  /// scheme://authority: what errors and logs may name, free of secrets.
  std::string origin() const;
  /// localhost, 127.0.0.0/8 or ::1.
  bool loopback() const;
};

/// InvalidArgument when it is not such a URL. User names and passwords in URLs are refused, a fragment is
/// dropped. Messages contain neither query nor user information.
Result<Url> parseUrl(std::string_view text);

/// Whether a server can listen there: "127.0.0.1:7400", "[::1]:0" or "unix:/path".
bool isListenAddress(std::string_view address);

/// Percent-encodes every byte but RFC 3986's unreserved ones and those of `keep`.
std::string percentEncode(std::string_view text, std::string_view keep = {});
/// nullopt for a "%" that is not followed by two hex digits.
std::optional<std::string> percentDecode(std::string_view text);

using Query = std::vector<std::pair<std::string, std::string>>;
/// "a=1&b=x%20y".
std::string encodeQuery(const Query& query);
/// The inverse, with "+" as a space too and keys without "=" as empty values. Order is kept; nullopt for a
/// bad percent sequence.
std::optional<Query> parseQuery(std::string_view text);

}  // namespace berth::http
