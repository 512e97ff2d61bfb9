// Credentials from a file that may be replaced while a program runs.
#pragma once

#include <filesystem>
#include <string>

#include "common/aws/credentials_provider.hpp"
#include "common/log/log.hpp"

namespace berth::aws {

/// One profile of a shared-credentials file, read again once the file has changed. While the file can't be
/// read, the last credentials stay, and the log says so once for each reason.
class FileCredentials final : public CredentialsProvider {
 public:
  /// `log` must outlive the provider.
  FileCredentials(std::filesystem::path path, std::string profile, Log& log);

  /// Those of readCredentialsFile, as long as nothing could ever be read.
  Async<Result<Credentials>> credentials(std::stop_token stop) override;

 private:
  Result<Credentials> current();

  std::filesystem::path path_;
  std::string profile_;
  Log& log_;
  std::string seen_;  ///< what tells one version of the file from another
  std::string told_;
  Result<Credentials> last_;
};

}  // namespace berth::aws
