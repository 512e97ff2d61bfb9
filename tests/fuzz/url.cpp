// URLs, queries, listen addresses, socket names.
#include "agent/runtimes/docker/translate.hpp"
#include "common/http/message.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;

void checkUrl(std::string_view text) {
  const auto url = http::parseUrl(text);
  if (!url) return fuzz::require(!url.error().message.empty(), "an error says why");
  fuzz::require(!url->host.empty() && url->port != 0, "a URL has a host and a port");
  fuzz::require(url->path.starts_with('/'), "a path begins with a slash", url->path);
  const auto again = http::parseUrl(url->origin() + url->target());
  fuzz::require(again.ok(), "a URL written again can be read", text);
  const bool same = again->scheme == url->scheme && again->host == url->host && again->port == url->port &&
                    again->path == url->path && again->query == url->query;
  fuzz::require(same, "a URL written again is the same", text);
}

void checkQuery(std::string_view text) {
  const auto query = http::parseQuery(text);
  if (!query) return;
  const std::string once = http::encodeQuery(*query);
  const auto again = http::parseQuery(once);
  fuzz::require(again.has_value(), "a query written again can be read", once);
  fuzz::require(http::encodeQuery(*again) == once, "a query written again is the same", once);
}

}  // namespace

BERTH_FUZZ_TARGET(url) {
  checkUrl(input);
  checkQuery(input);
  fuzz::require(http::percentDecode(http::percentEncode(input)) == input, "percent-encoding is undone",
                input);
  fuzz::require(http::percentDecode(http::percentEncode(input, "/:")) == input,
                "likewise with some bytes kept", input);
  http::isListenAddress(input);
  if (const auto path = agent::socketPath(input))
    fuzz::require(path->starts_with('/'), "a socket's path is whole");
}
