// Requests and answers of the local endpoints, as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::agent::endpoints {

struct Request {
  std::string method = "GET";
  std::string path = {};           ///< still percent-encoded, without query: "/v4/0123/task"
  std::string query = {};          ///< still percent-encoded, without "?"
  std::string body = {};           ///< bounded by the server
  std::string remoteAddress = {};  ///< of the peer, without port: "172.17.0.2", "::1"
  std::string userAgent = {};
};

struct Response {
  int status = 200;
  std::string contentType = "application/json";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  bool keepOpen = false;  ///< the connection may be used again
};

/// The path cut at its slashes and decoded, without the empty part in front: "/v3/id/task" is
/// {"v3","id","task"} and "/v3/" is {"v3",""}. nullopt for a bad percent sequence and for a decoded NUL.
std::optional<std::vector<std::string>> pathParts(std::string_view path);

/// One spelling for all paths that mean the same: decoded, and without repeated slashes. All paths that can't
/// be decoded are "".
std::string plainPath(std::string_view path);

/// The value of `key` in a query ("a=1&b=2"), decoded; empty also when it is not there or badly encoded.
std::string queryValue(std::string_view query, std::string_view key);

/// An answer whose whole body is one JSON string, as errors of metadata are.
Response jsonString(int status, std::string_view text);

/// 301 to the path without repeated slashes, keeping the query; nullopt when the path is clean.
std::optional<Response> redirectToCleanPath(const Request& request);

/// The text of an address as the directory knows it: "::ffff:10.0.0.1" is "10.0.0.1".
std::string plainAddress(std::string_view address);

}  // namespace berth::agent::endpoints
