#include "common/http/transfer.hpp"

#include <algorithm>
#include <new>

#include "common/text/letter_case.hpp"
#include "common/text/trim.hpp"

namespace berth::http {

namespace {

constexpr long kStreamBuffer = 256L << 10;
// libcurl 7.88 reads 32 KiB of HTTP/2 at a time, and what does not fit in here waits for a timer of 200 ms.
constexpr long kHttp2Buffer = 64L << 10;
constexpr std::string_view kBlanks = " \t\r\n";

/// RFC 9110, section 5.6.2.
bool isToken(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool isFieldValue(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

long millisUp(Duration duration) {
  return static_cast<long>(
      std::max<Duration::rep>(1, std::chrono::ceil<std::chrono::milliseconds>(duration).count()));
}

Code codeOf(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_SSL_CONNECT_ERROR:
      return Code::Unavailable;
    case CURLE_OPERATION_TIMEDOUT:
      return Code::DeadlineExceeded;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return Code::FailedPrecondition;
    case CURLE_URL_MALFORMAT:
      return Code::InvalidArgument;
    case CURLE_ABORTED_BY_CALLBACK:
      return Code::Cancelled;
    default:
      return Code::Internal;
  }
}

std::optional<Error> check(const Request& request) {
  if (!isToken(request.method)) {
    return makeError(Code::InvalidArgument, "\"" + request.method + "\" is not an HTTP method");
  }
  for (const auto& [name, value] : request.headers) {
    if (!isToken(name)) return makeError(Code::InvalidArgument, "\"" + name + "\" is not a header name");
    if (!isFieldValue(value)) {
      return makeError(Code::InvalidArgument, "the value of header " + name + " may not contain line breaks");
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Url> checkRequest(const Request& request) {
  Result<Url> url = parseUrl(request.url);
  if (!url) return url.error();
  if (url->scheme != "http" && url->scheme != "https") {
    return makeError(Code::InvalidArgument, url->origin() + ": an HTTP request needs an http or https URL");
  }
  if (auto error = check(request)) return *error;
  return url;
}

Result<std::unique_ptr<Transfer>> Transfer::make(const ClientOptions& options, Call call) {
  const Result<Url> url = checkRequest(call.request);
  if (!url) return url.error();
  std::unique_ptr<Transfer> transfer(new Transfer(std::move(call), *url));
  transfer->configure(options);
  return transfer;
}

Transfer::Transfer(Call call, Url url) : easy_(curl_easy_init()), call_(std::move(call)) {
  if (easy_ == nullptr) throw std::bad_alloc();
  origin_ = call_.unixSocket.empty() ? url.origin() : "unix:" + call_.unixSocket;
  direct_ = call_.direct || !call_.unixSocket.empty() || url.loopback();
}

Transfer::~Transfer() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(headers_);
}

void Transfer::configure(const ClientOptions& options) {
  curl_easy_setopt(easy_, CURLOPT_URL, call_.request.url.c_str());
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  if (call_.http2) {
    curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
    // libcurl 7.88 would begin HTTP/2 anew on a connection that speaks it already.
    curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy_, CURLOPT_FORBID_REUSE, 1L);
  } else {
    curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  }
  curl_easy_setopt(easy_, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, options.userAgent.c_str());
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, errorText_.data());
  if (!call_.unixSocket.empty()) {
    curl_easy_setopt(easy_, CURLOPT_UNIX_SOCKET_PATH, call_.unixSocket.c_str());
  }
  if (call_.fresh) curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);
  if (direct_) curl_easy_setopt(easy_, CURLOPT_PROXY, "");

  curl_easy_setopt(easy_, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, options.verifyTls ? 1L : 0L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, options.verifyTls ? 2L : 0L);
  if (!options.caFile.empty()) curl_easy_setopt(easy_, CURLOPT_CAINFO, options.caFile.c_str());

  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, millisUp(options.connectTimeout));
  if (call_.timeout > Duration::zero()) {
    curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, millisUp(call_.timeout));
  }
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Transfer::onWrite);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  // A large body comes in fewer pieces; what a small one does not use of it is never touched.
  if (call_.http2) {
    curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, kHttp2Buffer);
  } else if (call_.onBody) {
    curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, kStreamBuffer);
  }
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Transfer::onHeader);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  if (call_.inactivity > Duration::zero()) {
    curl_easy_setopt(easy_, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy_, CURLOPT_XFERINFOFUNCTION, &Transfer::onProgress);
    curl_easy_setopt(easy_, CURLOPT_XFERINFODATA, this);
  }
  configureMethod();
  configureHeaders();
}

void Transfer::configureMethod() {
  const std::string& method = call_.request.method;
  if (method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    return;
  }
  if (call_.bodySource) {
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t{-1});
    curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &Transfer::onRead);
    curl_easy_setopt(easy_, CURLOPT_READDATA, this);
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
    return;
  }
  const bool usuallyWithBody = method == "POST" || method == "PUT" || method == "PATCH";
  if (usuallyWithBody || !call_.request.body.empty()) {
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call_.request.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, call_.request.body.data());
  }
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
}

void Transfer::configureHeaders() {
  for (const auto& [name, value] : call_.request.headers) {
    if (equalsIgnoreCase(name, "Content-Length") || equalsIgnoreCase(name, "Transfer-Encoding")) continue;
    // curl takes "Name:" for "leave it out" and "Name;" for an empty value.
    appendHeader(value.empty() ? name + ";" : name + ": " + value);
  }
  appendHeader("Expect:");
  // Of a length that is not known; in HTTP/2 every body is like that, and curl leaves the field out.
  if (call_.bodySource) appendHeader("Transfer-Encoding: chunked");
  if (!call_.request.headers.get("Content-Type")) appendHeader("Content-Type:");
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
}

void Transfer::appendHeader(const std::string& line) {
  curl_slist* longer = curl_slist_append(headers_, line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  headers_ = longer;
}

Error Transfer::failure(Code code, std::string_view reason) const {
  return makeError(code, call_.request.method + " " + origin_ + ": " + std::string(reason));
}

Result<Response> Transfer::result(CURLcode code) {
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  if (refused_) return *refused_;
  const bool whole = code == CURLE_HTTP2_STREAM && !call_.lastField.empty() &&
                     response_.headers.get(call_.lastField).has_value();
  if (code == CURLE_OK || whole) return std::move(response_);
  const std::string_view detail(errorText_.data());
  return failure(codeOf(code), detail.empty() ? std::string_view(curl_easy_strerror(code)) : detail);
}

bool Transfer::streams() const { return call_.onBody && response_.status >= 200 && response_.status < 300; }

bool Transfer::takeBody(std::string_view chunk) {
  if (streams()) {
    if (call_.onBody(chunk)) return true;
    refused_ = failure(Code::Cancelled, "the reader of the body asked to stop");
    return false;
  }
  if (chunk.size() > call_.maxBody - response_.body.size()) {
    refused_ = failure(Code::ResourceExhausted,
                       "the answer is larger than the limit of " + std::to_string(call_.maxBody) + " bytes");
    refused_->retryable = false;
    return false;
  }
  response_.body.append(chunk);
  return true;
}

void Transfer::takeHeader(std::string_view line) {
  if (line.starts_with("HTTP/")) {  // also after an interim answer (1xx), whose fields do not count
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    response_.headers = Headers();
    return;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  response_.headers.add(std::string(trimmed(line.substr(0, colon), kBlanks)),
                        std::string(trimmed(line.substr(colon + 1), kBlanks)));
}

size_t Transfer::onWrite(char* data, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  if (transfer->moved_) transfer->moved_();
  const std::string_view chunk(data, size * count);
  try {
    return transfer->takeBody(chunk) ? chunk.size() : CURL_WRITEFUNC_ERROR;
  } catch (...) {
    transfer->thrown_ = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
}

size_t Transfer::giveBody(char* space, size_t size) {
  if (given_ == piece_.size()) {
    std::optional<std::string> next = call_.bodySource();
    if (!next) {
      refused_ = failure(Code::Cancelled, "the source of the body asked to stop");
      return CURL_READFUNC_ABORT;
    }
    piece_ = std::move(*next);
    given_ = 0;
  }
  const size_t count = std::min(size, piece_.size() - given_);
  std::copy_n(piece_.data() + given_, count, space);
  given_ += count;
  return count;
}

size_t Transfer::onRead(char* space, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  if (transfer->moved_) transfer->moved_();
  try {
    return transfer->giveBody(space, size * count);
  } catch (...) {
    transfer->thrown_ = std::current_exception();
    return CURL_READFUNC_ABORT;
  }
}

size_t Transfer::onHeader(char* data, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  if (transfer->moved_) transfer->moved_();
  const std::string_view line(data, size * count);
  try {
    transfer->takeHeader(line);
  } catch (...) {
    transfer->thrown_ = std::current_exception();
    return 0;
  }
  return line.size();
}

int Transfer::onProgress(void* self, curl_off_t, curl_off_t received, curl_off_t, curl_off_t sent) {
  auto* transfer = static_cast<Transfer*>(self);
  if (std::exchange(transfer->total_, received + sent) != received + sent && transfer->moved_) {
    transfer->moved_();
  }
  return 0;
}

}  // namespace berth::http
