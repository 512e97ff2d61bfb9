#include "common/aws/credentials.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "common/files/own_fd.hpp"
#include "common/text/trim.hpp"

namespace berth::aws {
namespace {

constexpr std::string_view kBlank = " \t\r";

constexpr std::string_view kKeyId = "aws_access_key_id";
constexpr std::string_view kSecret = "aws_secret_access_key";
constexpr std::string_view kToken = "aws_session_token";

/// Credential values are single words of printable ASCII; this also finds comments behind a value.
bool isWord(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

Error badLine(std::string_view name, size_t line, std::string_view rule) {
  return makeError(Code::InvalidArgument,
                   std::string(name) + ":" + std::to_string(line) + ": " + std::string(rule));
}

/// Reads the file line by line into the credentials of one profile.
class Parser {
 public:
  Parser(std::string_view name, std::string_view profile) : name_(name), profile_(profile) {}

  Status line(std::string_view raw) {
    ++line_;
    const std::string_view text = trimmed(raw, kBlank);
    if (text.empty() || text.front() == '#' || text.front() == ';') return {};
    if (text.front() == '[') return heading(text);
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return badLine(name_, line_, "expected \"[profile]\", \"key = value\" or a comment");
    }
    if (!anyProfile_)
      return badLine(name_, line_, "a key before the first [profile]; put [default] above it");
    if (!inProfile_) return {};
    return setting(trimmed(text.substr(0, equals), kBlank), trimmed(text.substr(equals + 1), kBlank));
  }

  Result<Credentials> finish() && {
    const std::string where = std::string(name_) + ": profile [" + std::string(profile_) + "]";
    if (!found_) return makeError(Code::NotFound, where + " is missing; add it or name another profile");
    for (std::string_view key : {kKeyId, kSecret}) {
      if (fieldOf(key)->empty())
        return makeError(Code::InvalidArgument, where + " has no " + std::string(key));
    }
    return std::move(credentials_);
  }

 private:
  std::string* fieldOf(std::string_view key) {
    if (key == kKeyId) return &credentials_.accessKeyId;
    if (key == kSecret) return &credentials_.secretAccessKey;
    if (key == kToken) return &credentials_.sessionToken;
    return nullptr;
  }

  Status heading(std::string_view text) {
    if (text.back() != ']') return badLine(name_, line_, "a profile heading ends with ']'");
    anyProfile_ = true;
    inProfile_ = trimmed(text.substr(1, text.size() - 2), kBlank) == profile_;
    found_ = found_ || inProfile_;
    return {};
  }

  Status setting(std::string_view key, std::string_view value) {
    std::string* field = fieldOf(key);
    if (field == nullptr) return {};
    if (!field->empty())
      return badLine(name_, line_, std::string(key) + " is set twice in this profile; keep one");
    if (!isWord(value)) {
      return badLine(name_, line_,
                     std::string(key) + " must be one word, without spaces or a comment behind it");
    }
    *field = value;
    return {};
  }

  std::string_view name_;
  std::string_view profile_;
  Credentials credentials_;
  size_t line_ = 0;
  bool anyProfile_ = false;
  bool inProfile_ = false;
  bool found_ = false;
};

std::string randomOf(Random& random, std::string_view alphabet, size_t length) {
  std::string out(length, '\0');
  for (char& c : out) c = alphabet[random.below(alphabet.size())];
  return out;
}

Error systemError(int number, const std::filesystem::path& path, std::string_view action) {
  Code code = Code::Unavailable;
  if (number == ENOENT) code = Code::NotFound;
  if (number == ENOSPC || number == EDQUOT) code = Code::ResourceExhausted;
  if (number == EACCES || number == EPERM) code = Code::PermissionDenied;
  return makeError(
      code, path.string() + ": " + std::string(action) + ": " + std::generic_category().message(number));
}

bool writeAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

/// The whole text of an open file.
Result<std::string> readAll(const OwnFd& file, const std::filesystem::path& path) {
  std::string text;
  std::array<char, 4096> chunk;
  for (;;) {
    const ssize_t count = ::read(file.get(), chunk.data(), chunk.size());
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return systemError(errno, path, "can't read the credentials file");
    text.append(chunk.data(), static_cast<size_t>(count));
  }
}

/// Writes `text` to a new file beside `path` and moves it there. errno tells why it returns false.
bool replaceFile(const std::filesystem::path& path, const std::filesystem::path& folder,
                 std::string_view text) {
  std::string temporary = path.string() + ".XXXXXX";
  const OwnFd file(::mkostemp(temporary.data(), O_CLOEXEC));  // creates it with mode 0600
  if (file.get() < 0) return false;
  if (::fchmod(file.get(), 0600) != 0 || !writeAll(file.get(), text) || ::fsync(file.get()) != 0 ||
      ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int reason = errno;
    ::unlink(temporary.c_str());
    errno = reason;
    return false;
  }
  const OwnFd parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return parent.get() >= 0 && ::fsync(parent.get()) == 0;
}

}  // namespace

Credentials generateCredentials(Random& random) {
  Credentials credentials;
  credentials.accessKeyId = "AKIA" + randomOf(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16);
  credentials.secretAccessKey =
      randomOf(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 40);
  return credentials;
}

Result<Credentials> parseCredentials(std::string_view text, std::string_view name, std::string_view profile) {
  Parser parser(name, profile);
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (Status status = parser.line(text.substr(0, end)); !status) return status.error();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::move(parser).finish();
}

Result<Credentials> readCredentialsFile(const std::filesystem::path& path, std::string_view profile) {
  const OwnFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return systemError(errno, path, "can't open the credentials file");
  const auto text = readAll(file, path);
  if (!text) return text.error();
  return parseCredentials(*text, path.string(), profile);
}

Result<std::vector<Credentials>> parseAllCredentials(std::string_view text, std::string_view name) {
  std::vector<std::string> profiles;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trimmed(rest.substr(0, end), kBlank);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!line.starts_with('[') || !line.ends_with(']')) continue;
    std::string profile(trimmed(line.substr(1, line.size() - 2), kBlank));
    if (std::ranges::find(profiles, profile) != profiles.end())
      return makeError(Code::InvalidArgument,
                       std::string(name) + ": profile [" + profile + "] is there twice; keep one");
    profiles.push_back(std::move(profile));
  }
  if (profiles.empty())
    return makeError(Code::InvalidArgument, std::string(name) + ": no [profile] with an access key");
  std::vector<Credentials> out;
  for (const std::string& profile : profiles) {
    auto one = parseCredentials(text, name, profile);
    if (!one) return one.error();
    out.push_back(std::move(*one));
  }
  return out;
}

Result<std::vector<Credentials>> readKeysFile(const std::filesystem::path& path) {
  const OwnFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return systemError(errno, path, "can't open the credentials file");
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return systemError(errno, path, "can't read the credentials file");
  constexpr mode_t kTooWide = S_IWGRP | S_IXGRP | S_IRWXO;
  if ((info.st_mode & kTooWide) != 0) {
    return makeError(Code::PermissionDenied,
                     path.string() + ": others can use these secrets: chmod 0600 it, or 0640");
  }
  const auto text = readAll(file, path);
  if (!text) return text.error();
  return parseAllCredentials(*text, path.string());
}

Status writeCredentialsFile(const std::filesystem::path& path, const Credentials& credentials,
                            std::string_view profile) {
  if (trimmed(profile, kBlank) != profile || profile.empty() ||
      profile.find_first_of("]\n") != std::string_view::npos) {
    return makeError(Code::InvalidArgument,
                     path.string() + ": a profile name has no ']', line break or blank ends");
  }
  std::string text = "[" + std::string(profile) + "]\n";
  using Field = std::pair<std::string_view, const std::string*>;
  for (const auto& [key, value] :
       {Field{kKeyId, &credentials.accessKeyId}, Field{kSecret, &credentials.secretAccessKey},
        Field{kToken, &credentials.sessionToken}}) {
    if (value->empty() && key == kToken) continue;
    if (!isWord(*value))
      return makeError(Code::InvalidArgument, path.string() + ": " + std::string(key) + " must be one word");
    text += std::string(key) + " = " + *value + "\n";
  }
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  if (!replaceFile(path, folder, text)) return systemError(errno, path, "can't write the credentials file");
  return {};
}

}  // namespace berth::aws
