// Private to common/http: an HTTP/1.1 answer, read from its bytes as they come (RFC 9112).
#pragma once

#include <utility>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

#include "common/http/message.hpp"

namespace berth::http {

/// Puts the status and the fields of an answer into a Response, and passes on its body.
class ResponseReader : public boost::beast::http::basic_parser<false> {
 public:
  /// Takes a piece of the body; false ends the reading with the parser's error body_limit. What it throws
  /// goes through to who feeds the parser.
  using TakeBody = std::function<bool(std::string_view)>;

  /// `bodiless`: the answer is one to HEAD.
  ResponseReader(Response& into, TakeBody takeBody, bool bodiless)
      : into_(into), takeBody_(std::move(takeBody)) {
    eager(true);
    skip(bodiless);
    header_limit(kMostHeader);
    // No limit; Beast of Boost 1.74 takes none for the least.
    body_limit(std::numeric_limits<uint64_t>::max());
  }

 private:
  using ErrorCode = boost::beast::error_code;
  using Text = boost::beast::string_view;

  static constexpr uint32_t kMostHeader = 256U << 10;

  void on_request_impl(boost::beast::http::verb, Text, Text, int, ErrorCode&) override {}
  void on_response_impl(int code, Text, int, ErrorCode&) override { into_.status = code; }
  void on_field_impl(boost::beast::http::field, Text name, Text value, ErrorCode&) override {
    into_.headers.add(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&, ErrorCode&) override {}
  size_t on_body_impl(Text piece, ErrorCode& error) override {
    if (!takeBody_({piece.data(), piece.size()})) error = boost::beast::http::error::body_limit;
    return piece.size();
  }
  void on_chunk_header_impl(uint64_t, Text, ErrorCode&) override {}
  size_t on_chunk_body_impl(uint64_t, Text piece, ErrorCode& error) override {
    return on_body_impl(piece, error);
  }
  void on_finish_impl(ErrorCode&) override {}

  Response& into_;
  TakeBody takeBody_;
};

}  // namespace berth::http
