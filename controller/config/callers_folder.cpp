#include "controller/config/callers_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "common/config/rules.hpp"
#include "common/text/trim.hpp"
#include "controller/callers/needs.hpp"

namespace berth::controller {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLongestName = 64;  ///< of an IAM user
constexpr size_t kMostPolicyBytes = 65536;
constexpr std::string_view kPunctuation = "_+=,.@-";

bool isUserName(std::string_view name) {
  return name.size() <= kLongestName && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  kPunctuation.find(c) != std::string_view::npos;
         });
}

bool leftAlone(const std::string& name) { return name.starts_with('.') || name.ends_with('~'); }

Error fileError(const fs::path& path, const std::string& what) {
  return makeError(Code::InvalidArgument, path.string() + ": " + what);
}

/// A small text that decides what somebody may do.
Result<std::string> readRule(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  std::string text(kMostPolicyBytes + 1, '\0');
  size_t size = 0;
  ssize_t got = file < 0 ? -1 : 1;
  struct stat info{};
  if (file >= 0 && ::fstat(file, &info) != 0) got = -1;
  while (got > 0 && size < text.size()) {
    got = ::read(file, text.data() + size, text.size() - size);
    if (got > 0) size += static_cast<size_t>(got);
  }
  const int fault = errno;
  if (file >= 0) ::close(file);
  if (got < 0) return fileError(path, "can't read it: " + std::generic_category().message(fault));
  if ((info.st_mode & S_IWOTH) != 0) return fileError(path, "everyone can change it: chmod o-w it");
  if (size > kMostPolicyBytes) return fileError(path, "larger than 64 KiB; is it the right file?");
  text.resize(size);
  return text;
}

class FolderReader {
 public:
  explicit FolderReader(std::string account) : account_(std::move(account)) {}

  Result<CallerBook> read(const fs::path& folder) && {
    for (const fs::path& one : inside(folder)) {
      std::error_code fault;
      if (fs::is_directory(one, fault)) {
        caller(one);
      } else {
        problem(one, "has no place here: each caller has a folder of its name");
      }
    }
    if (Status status = config::noProblems(problems_); !status) return status.error();
    return std::move(book_);
  }

 private:
  void problem(const fs::path& path, const std::string& what) {
    problems_.push_back(path.string() + ": " + what);
  }
  void problem(const Error& error) { problems_.push_back(error.message); }

  /// What a folder holds, by name.
  std::vector<fs::path> inside(const fs::path& folder) {
    std::vector<fs::path> out;
    std::error_code fault;
    for (fs::directory_iterator at(folder, fault), end; !fault && at != end; at.increment(fault)) {
      if (!leftAlone(at->path().filename().string())) out.push_back(at->path());
    }
    if (fault) problem(folder, "can't read the folder: " + fault.message());
    std::ranges::sort(out);
    return out;
  }

  void caller(const fs::path& folder) {
    const std::string name = folder.filename().string();
    if (!isUserName(name))
      problem(folder, "a caller's name has up to 64 letters, digits and any of " + std::string(kPunctuation));
    KnownCaller known;
    known.principal = userArn("aws", account_, name);
    std::vector<aws::Credentials> keys;
    bool has_keys = false;
    bool has_role = false;
    for (const fs::path& file : inside(folder)) {
      const std::string kind = file.filename().string();
      if (kind == "credentials") {
        has_keys = true;
        keys = keysIn(file);
      } else if (kind == "role") {
        has_role = true;
        role(file, known);
      } else if (file.extension() == ".json") {
        policy(file, known);
      } else {
        problem(file, "has no place here: there are credentials, role and *.json");
      }
    }
    if (!has_keys) problem(folder, "it has no file credentials with an access key");
    if (has_role && !known.policies.empty()) problem(folder, "give either policies (*.json) or a role");
    if (!has_role && known.policies.empty() && problems_.empty())
      problem(folder, "give it a policy (*.json), or a file role with the word agent");
    add(folder, std::move(keys), std::make_shared<const KnownCaller>(std::move(known)));
  }

  std::vector<aws::Credentials> keysIn(const fs::path& file) {
    auto keys = aws::readKeysFile(file);
    if (!keys) {
      problem(keys.error());
      return {};
    }
    for (const aws::Credentials& key : *keys) {
      if (!key.sessionToken.empty())
        problem(file, "aws_session_token is of temporary keys, which are not offered: take it out");
    }
    return std::move(*keys);
  }

  void add(const fs::path& folder, std::vector<aws::Credentials> keys,
           const std::shared_ptr<const KnownCaller>& known) {
    for (aws::Credentials& key : keys) {
      const std::string id = key.accessKeyId;
      if (!book_.add(std::move(key), known))
        problem(folder, "the access key " + id + " is there twice, here or at another caller");
    }
  }

  void role(const fs::path& file, KnownCaller& known) {
    const auto text = readRule(file);
    if (!text) return problem(text.error());
    known.rights = Rights::Agent;
    if (trimmed(*text, " \t\r\n") != "agent") problem(file, "must hold the word agent, the only role");
  }

  void policy(const fs::path& file, KnownCaller& known) {
    const auto text = readRule(file);
    if (!text) return problem(text.error());
    auto parsed = aws::parsePolicy(*text, file.string(), callerPolicyRules());
    if (!parsed) return problem(parsed.error());
    for (const aws::PolicyStatement& statement : parsed->statements) {
      for (const std::string& action : statement.actions.patterns) {
        if (!namesOperation(action)) problem(file, "Action '" + action + "' is no operation of ECS");
      }
    }
    known.policies.push_back(std::move(*parsed));
  }

  std::string account_;
  CallerBook book_;
  std::vector<std::string> problems_;
};

}  // namespace

Result<CallerBook> readCallers(const fs::path& folder, const std::string& account) {
  return FolderReader(account).read(folder);
}

}  // namespace berth::controller
