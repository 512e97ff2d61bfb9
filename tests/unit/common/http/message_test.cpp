#include "common/http/message.hpp"

#include <catch2/catch.hpp>

namespace berth::http {
namespace {

TEST_CASE("header names compare without regard to case and keep their order") {
  Headers headers = {{"Content-Type", "text/plain"}, {"X-Tag", "a"}};
  headers.add("x-tag", "b");
  CHECK(headers.get("content-TYPE") == "text/plain");
  CHECK(headers.get("X-TAG") == "a");
  CHECK_FALSE(headers.get("X-Ta"));
  CHECK(headers.size() == 3);

  headers.set("X-TAG", "c");
  CHECK(headers == Headers{{"Content-Type", "text/plain"}, {"X-TAG", "c"}});
  headers.remove("content-type");
  CHECK(headers.begin()->first == "X-TAG");
}

TEST_CASE("a URL is split into its parts") {
  struct Row {
    const char* text;
    const char* host;
    uint16_t port;
    const char* target;
    const char* authority;
    bool tls;
  };
  const Row rows[] = {
      {"http://example.com", "example.com", 80, "/", "example.com", false},
      {"HTTPS://Example.com/a/b?x=1#frag", "Example.com", 443, "/a/b?x=1", "Example.com", true},
      {"ws://127.0.0.1:7400/ws?clusterArn=a%2Fb", "127.0.0.1", 7400, "/ws?clusterArn=a%2Fb", "127.0.0.1:7400",
       false},
      {"wss://[::1]:443/", "::1", 443, "/", "[::1]", true},
      {"http://[fe80::1]:8080?q", "fe80::1", 8080, "/?q", "[fe80::1]:8080", false},
      {"http://host:/x", "host", 80, "/x", "host", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Result<Url> url = parseUrl(row.text);
    REQUIRE(url.ok());
    CHECK(url->host == row.host);
    CHECK(url->port == row.port);
    CHECK(url->target() == row.target);
    CHECK(url->authority() == row.authority);
    CHECK(url->tls() == row.tls);
  }
}

TEST_CASE("what is not a URL is refused with the rule that it breaks") {
  struct Row {
    const char* text;
    const char* rule;
  };
  const Row rows[] = {
      {"", "must begin with"},
      {"example.com/x", "must begin with"},
      {"ftp://example.com", "must begin with"},
      {"http://", "host is missing"},
      {"http://:80/", "host is missing"},
      {"http://h:0/", "port must be"},
      {"http://h:65536/", "port must be"},
      {"http://h:8x/", "port must be"},
      {"http://[::1/", "closing"},
      {"http://[::1]x/", "only a port"},
      {"http://h/a b", "spaces"},
      {"http://h/a\r\nX: y", "control"},
      {"http://a\"b/", "no host may have"},
      {"http://user:secret@h/", "credentials"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Result<Url> url = parseUrl(row.text);
    REQUIRE_FALSE(url.ok());
    CHECK(url.error().code == Code::InvalidArgument);
    CHECK_THAT(url.error().message, Catch::Contains(row.rule));
    CHECK_THAT(url.error().message, !Catch::Contains("secret"));
  }
  CHECK_THAT(parseUrl("http://h:x/?token=secret").error().message, !Catch::Contains("secret"));
}

TEST_CASE("loopback hosts are known by name and address") {
  for (const char* host : {"localhost", "LOCALHOST", "127.0.0.1", "127.9.8.7", "[::1]"}) {
    CHECK(parseUrl(std::string("http://") + host)->loopback());
  }
  for (const char* host : {"example.com", "127.evil.com", "10.0.0.1", "[::2]"}) {
    CHECK_FALSE(parseUrl(std::string("http://") + host)->loopback());
  }
}

TEST_CASE("percent encoding keeps unreserved characters and decodes back") {
  CHECK(percentEncode("a-Z_0.~ /\xc3\xa9") == "a-Z_0.~%20%2F%C3%A9");
  CHECK(percentEncode("a/b c", "/") == "a/b%20c");
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  CHECK(percentDecode(percentEncode(all)) == all);
  CHECK(percentDecode("%41%4a") == "AJ");
  for (const char* bad : {"%", "%4", "%4g", "a%zz"}) CHECK_FALSE(percentDecode(bad));
}

TEST_CASE("a query is written and read back") {
  const Query query = {{"a", "1"}, {"k y", "x&=+%"}, {"empty", ""}};
  CHECK(encodeQuery(query) == "a=1&k%20y=x%26%3D%2B%25&empty=");
  CHECK(parseQuery(encodeQuery(query)) == query);
  CHECK(parseQuery("a+b=c+d&&flag&x=1=2") == Query{{"a b", "c d"}, {"flag", ""}, {"x", "1=2"}});
  CHECK(parseQuery("") == Query{});
  CHECK_FALSE(parseQuery("a=%g0"));
}

}  // namespace
}  // namespace berth::http
