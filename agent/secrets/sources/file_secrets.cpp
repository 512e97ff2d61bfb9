#include "agent/secrets/sources/file_secrets.hpp"

#include <utility>

#include "agent/secrets/fetch_plan.hpp"
#include "agent/secrets/sources/aws_answers.hpp"
#include "agent/secrets/sources/private_file.hpp"
#include "agent/secrets/sources/secret_name.hpp"

namespace berth::agent {
namespace {

Result<std::string> readFileSecret(const std::string& directory, const std::string& valueFrom) {
  const Result<SecretName> name = parseSecretName(valueFrom, "file:");
  if (!name) return name.error();
  Result<std::string> text = readPrivateFileBelow(directory, name->path);
  if (!text) return text;
  if (!name->jsonKey.empty()) return pickMember(*text, name->jsonKey);
  return readPlainSecret(*std::move(text));
}

Async<Result<std::vector<std::string>>> readFileSecrets(std::string directory,
                                                        std::vector<SecretRequest> requests) {
  std::vector<std::string> out;
  for (const SecretRequest& request : requests) {
    Result<std::string> value = readFileSecret(directory, request.valueFrom);
    if (!value) co_return secretFailed(request.valueFrom, value.error());
    out.push_back(*std::move(value));
  }
  co_return out;
}

}  // namespace

FileSecrets::FileSecrets(FetchMeans means, std::string directory)
    : means_(std::move(means)), directory_(std::move(directory)) {}

void FileSecrets::fetch(std::vector<SecretRequest> requests, std::optional<Role>,
                        Callback<std::vector<std::string>> done) {
  answerWith<std::vector<std::string>>(means_, "secrets from files", gone_.get_token(), std::move(done),
                                       [directory = directory_, requests = std::move(requests)] {
                                         return readFileSecrets(directory, requests);
                                       });
}

}  // namespace berth::agent
