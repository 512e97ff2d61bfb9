// Who did what: a file of one JSON object a line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/log/log.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::controller {

/// One call. What callers wrote in it (names, overrides, secrets) stays out, but for the resources.
struct AuditEntry {
  WallTime time{};
  std::string requestId;
  std::string principal;    ///< ARN; empty when nobody was recognised
  std::string accessKeyId;  ///< then: what the request claimed
  std::string source;       ///< "127.0.0.1:41234"
  std::string operation;
  std::vector<std::string> resources;  ///< ARNs; "*" for none; of an endless list the first
  std::string outcome;                 ///< "ok", or the exception
  std::string session{};               ///< JSON object: of a command's session, what it is; empty: none
  int64_t leftOut = 0;  ///< refused calls of nobody known that were not told since the last line
};

/// {"time": "2024-06-29T08:33:20.123Z", "request_id": ..., "principal": ..., "access_key_id": ..., "source":
/// ..., "operation": ..., "resources": [...], "outcome": ..., "session": {...}, "left_out": 3}, without a
/// line end; no session without one, no left_out when 0.
std::string auditLine(const AuditEntry& entry);

class AuditLog {
 public:
  /// Without a path there is no audit log.
  AuditLog(std::optional<std::string> path, Log& log);
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  /// Opens the file to append, made with mode 0600, in place of the one that is open (which may have been
  /// renamed). PermissionDenied and the like: then that one stays.
  Status open();
  bool on() const { return path_.has_value(); }
  /// False when the line is lost; the log says so at the first of them.
  bool write(const AuditEntry& entry);

 private:
  std::optional<std::string> path_;
  Log& log_;
  int file_ = -1;
  bool failing_ = false;
  bool torn_ = false;  ///< the file ends in a part of a line
};

}  // namespace berth::controller
