#include "controller/server/audit_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "proto/json/fields.hpp"

namespace berth::controller {

std::string auditLine(const AuditEntry& entry) {
  nlohmann::ordered_json line{{"time", toRfc3339(entry.time)}, {"request_id", entry.requestId},
                              {"principal", entry.principal},  {"access_key_id", entry.accessKeyId},
                              {"source", entry.source},        {"operation", entry.operation},
                              {"resources", entry.resources},  {"outcome", entry.outcome}};
  if (!entry.session.empty()) line["session"] = nlohmann::ordered_json::parse(entry.session);
  if (entry.leftOut > 0) line["left_out"] = entry.leftOut;
  return line.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

AuditLog::AuditLog(std::optional<std::string> path, Log& log) : path_(std::move(path)), log_(log) {}

AuditLog::~AuditLog() {
  if (file_ >= 0) ::close(file_);
}

Status AuditLog::open() {
  if (!path_) return {};
  const int file = ::open(path_->c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return makeError(Code::PermissionDenied,
                     "can't open " + *path_ + " to append: " + std::generic_category().message(errno));
  }
  if (file_ >= 0) ::close(file_);
  file_ = file;
  torn_ = false;
  return {};
}

bool AuditLog::write(const AuditEntry& entry) {
  if (!path_) return true;
  const std::string line = (torn_ ? "\n" : "") + auditLine(entry) + "\n";
  ssize_t written = 0;
  do {
    written = ::write(file_, line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  const bool whole = written == static_cast<ssize_t>(line.size());
  if (!whole && !failing_) {
    log_.error("the audit log can't be written: calls go on unrecorded",
               {{"file", *path_}, {"reason", std::generic_category().message(written < 0 ? errno : ENOSPC)}});
  }
  if (whole && failing_) log_.info("the audit log is written again", {{"file", *path_}});
  if (written > 0) torn_ = !whole;
  failing_ = !whole;
  return whole;
}

}  // namespace berth::controller
