// Private to common/http: one exchange as a libcurl easy handle.
#pragma once

#include <curl/curl.h>
#include <array>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/http/client.hpp"

namespace berth::http {

/// The request's URL. InvalidArgument when it can't be sent as it is.
Result<Url> checkRequest(const Request& request);

/// Set up by make(), run by a CurlLoop, read by result().
class Transfer {
 public:
  /// InvalidArgument when the request can't be sent as it is.
  static Result<std::unique_ptr<Transfer>> make(const ClientOptions& options, Call call);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() { return easy_; }
  const Call& call() const { return call_; }
  /// Called, from inside curl, whenever bytes have gone either way.
  void onMove(std::function<void()> moved) { moved_ = std::move(moved); }
  /// What the exchange came to when curl ended it with `code`. Throws what onBody threw.
  Result<Response> result(CURLcode code);
  /// An error about this exchange: "GET http://host: reason".
  Error failure(Code code, std::string_view reason) const;

 private:
  Transfer(Call call, Url url);

  void configure(const ClientOptions& options);
  void configureMethod();
  void configureHeaders();
  void appendHeader(const std::string& line);
  bool streams() const;
  bool takeBody(std::string_view chunk);
  void takeHeader(std::string_view line);
  size_t giveBody(char* space, size_t size);

  static size_t onWrite(char* data, size_t size, size_t count, void* self);
  static size_t onRead(char* space, size_t size, size_t count, void* self);
  static size_t onHeader(char* data, size_t size, size_t count, void* self);
  static int onProgress(void* self, curl_off_t, curl_off_t received, curl_off_t, curl_off_t sent);

  CURL* easy_;
  curl_slist* headers_ = nullptr;
  Call call_;
  std::string origin_;
  bool direct_;  ///< never through a proxy
  Response response_;
  std::string piece_;  ///< of the body's source
  size_t given_ = 0;   ///< bytes of the piece
  std::optional<Error> refused_;
  std::exception_ptr thrown_;
  std::function<void()> moved_;
  curl_off_t total_ = 0;
  std::array<char, CURL_ERROR_SIZE> errorText_{};
};

}  // namespace berth::http
