#include "agent/runtimes/docker/errors.hpp"

#include <array>
#include <string_view>
#include <vector>

#include "common/text/letter_case.hpp"

namespace berth::agent {
namespace {

struct Clue {
  std::string_view text;
  Code code;
};

constexpr std::string_view kNoSpace = "no space left on device";
constexpr std::string_view kNoQuota = "disk quota exceeded";

// The first one found decides. "repository does not exist or may require 'docker login': denied" is about
// permission, so those come before what is not found.
constexpr std::array kClues{
    Clue{"connection refused", Code::Unavailable},
    Clue{"connection reset", Code::Unavailable},
    Clue{"no such host", Code::Unavailable},
    Clue{"no route to host", Code::Unavailable},
    Clue{"network is unreachable", Code::Unavailable},
    Clue{"server misbehaving", Code::Unavailable},
    Clue{"i/o timeout", Code::Unavailable},
    Clue{"tls handshake timeout", Code::Unavailable},
    Clue{"client.timeout exceeded", Code::Unavailable},
    Clue{"context deadline exceeded", Code::Unavailable},
    Clue{"unexpected eof", Code::Unavailable},
    Clue{"broken pipe", Code::Unavailable},
    Clue{"http status: 5", Code::Unavailable},
    Clue{"error parsing http 5", Code::Unavailable},
    Clue{"toomanyrequests", Code::ResourceExhausted},
    Clue{"too many requests", Code::ResourceExhausted},
    Clue{"http status: 429", Code::ResourceExhausted},
    Clue{"error parsing http 429", Code::ResourceExhausted},
    Clue{kNoSpace, Code::ResourceExhausted},
    Clue{kNoQuota, Code::ResourceExhausted},
    Clue{"verification failed for digest", Code::DataLoss},
    Clue{"does not match provided digest", Code::DataLoss},
    Clue{"x509:", Code::FailedPrecondition},
    Clue{"http response to https client", Code::FailedPrecondition},
    Clue{"invalid reference format", Code::InvalidArgument},
    Clue{"denied", Code::PermissionDenied},
    Clue{"unauthorized", Code::PermissionDenied},
    Clue{"authentication required", Code::PermissionDenied},
    Clue{"no basic auth credentials", Code::PermissionDenied},
    Clue{"not found", Code::NotFound},
    Clue{"manifest unknown", Code::NotFound},
    Clue{"name unknown", Code::NotFound},
    Clue{"no matching manifest", Code::NotFound},
};

std::string_view adviceFor(const Error& error) {
  switch (error.code) {
    case Code::PermissionDenied:
      return "The task can't pull the image. Check that the role has the permissions to pull images from the "
             "registry. ";
    case Code::NotFound:
      return "The task can't pull the image. Check whether the image exists. ";
    case Code::Unavailable:
      return "The task can't pull the image. Check your network configuration. ";
    case Code::FailedPrecondition:
      return "The task can't pull the image. Check the certificate of the registry and what the Docker "
             "Engine "
             "trusts. ";
    case Code::DataLoss:
      return "The task can't pull the image. The registry sent something else than the digest names; push "
             "the "
             "image again. ";
    case Code::ResourceExhausted:
      return saysDiskFull(error)
                 ? "The task can't pull the image. The disk of the host is full. "
                 : "The task can't pull the image. The registry limits its pulls; log in to it "
                   "with an account that may pull more, or use a copy elsewhere. ";
    default:
      return "";
  }
}

/// How texts name an image: in full, or without what Docker Hub's images have in front; with and without tag
/// or digest. Longer names come first.
std::vector<std::string> namesOf(std::string_view image) {
  const size_t at = image.find('@');
  const size_t colon = image.rfind(':', at);
  const size_t slash = image.rfind('/', at);
  const bool tagged =
      at == std::string::npos && colon != std::string::npos && (slash == std::string::npos || colon > slash);
  const std::string_view repository = image.substr(0, tagged ? colon : at);
  std::vector<std::string> names;
  for (const std::string_view name : {image, repository}) {
    names.emplace_back(name);
    for (const std::string_view front : {"docker.io/", "docker.io/library/"}) {
      const std::string_view rest = name.starts_with(front) ? name.substr(front.size()) : "";
      // A bare word may be one of the text's own.
      if (rest.find_first_of(":@/") != std::string_view::npos) names.emplace_back(rest);
    }
  }
  std::erase(names, "");
  return names;
}

bool isLetterOrDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// `text` without `name` where it doesn't stand within longer words.
std::string withoutWord(std::string_view text, std::string_view name) {
  std::string out;
  size_t done = 0;
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    const bool within = (at > 0 && isLetterOrDigit(text[at - 1]) && isLetterOrDigit(name.front())) ||
                        (end < text.size() && isLetterOrDigit(text[end]) && isLetterOrDigit(name.back()));
    if (at < done || within) continue;
    out += text.substr(done, at - done);
    done = end;
  }
  return out.append(text.substr(done));
}

/// `text` without the names of an image, which could be taken for clues.
std::string withoutNames(std::string text, std::string_view image) {
  for (const std::string& name : namesOf(image)) text = withoutWord(text, name);
  return text;
}

Code codeFor(int status, const std::string& message) {
  const std::string lower = lowered(message);
  for (const Clue& clue : kClues) {
    if (lower.find(clue.text) != std::string::npos) return clue.code;
  }
  // How Go says that a peer hung up.
  if (lower.ends_with(": eof")) return Code::Unavailable;
  return engineError(status, {}).code;
}

}  // namespace

Error engineError(int status, std::string message) {
  switch (status) {
    case 400:
      return makeError(Code::InvalidArgument, std::move(message));
    case 401:
    case 403:
      return makeError(Code::PermissionDenied, std::move(message));
    case 404:
      return makeError(Code::NotFound, std::move(message));
    case 409:
      return makeError(Code::FailedPrecondition, std::move(message));
    case 501:
      return makeError(Code::Unimplemented, std::move(message));
    case 503:
      return makeError(Code::Unavailable, std::move(message));
    default:
      return makeError(Code::Internal, std::move(message));
  }
}

Error registryError(int status, std::string message) {
  const Code code = codeFor(status, message);
  return makeError(code, std::move(message));
}

Error registryFailure(int status, std::string message, const std::string& image) {
  Error error = makeError(codeFor(status, withoutNames(message, image)), withoutQueries(message));
  std::string words =
      error.message.find(image) == std::string::npos ? image + ": " + error.message : error.message;
  error.message = std::string(adviceFor(error)) + words;
  return error;
}

bool saysDiskFull(const Error& error) {
  const std::string lower = lowered(error.message);
  return error.code == Code::ResourceExhausted &&
         (lower.find(kNoSpace) != std::string::npos || lower.find(kNoQuota) != std::string::npos);
}

std::string withoutQueries(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t scheme = text.find("://");
    const size_t end = scheme == std::string_view::npos ? scheme : text.find_first_of(" \t\n\"'<>", scheme);
    const std::string_view url = text.substr(0, end);
    const size_t query = scheme == std::string_view::npos ? scheme : url.find('?', scheme);
    if (query == std::string_view::npos) {
      out += url;
    } else {
      out.append(url.substr(0, query)).append("?REDACTED");
      if (url.ends_with(':')) out += ':';
    }
    text.remove_prefix(url.size());
    if (scheme == std::string_view::npos) break;
  }
  return out;
}

}  // namespace berth::agent
