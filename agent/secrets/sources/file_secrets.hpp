// Secrets from files of the machine.
#pragma once

#include "agent/secrets/sources/means.hpp"

namespace berth::agent {

/// `valueFrom` is a path below a directory, perhaps with "#KEY" for a member of the JSON that the file holds
/// (secret_name.hpp); the rest of a request and the role do not matter. What files have to be like is in
/// private_file.hpp; they are read again for each fetch.
class FileSecrets final : public SecretSource {
 public:
  FileSecrets(FetchMeans means, std::string directory);
  ~FileSecrets() override { gone_.request_stop(); }
  void fetch(std::vector<SecretRequest> requests, std::optional<Role> role,
             Callback<std::vector<std::string>> done) override;

 private:
  FetchMeans means_;
  std::string directory_;
  std::stop_source gone_;
};

}  // namespace berth::agent
