// Network namespaces that live without a process, as mounts of files.
#pragma once

#include <string>

#include "common/result/result.hpp"

namespace berth::agent::network {

/// Makes a namespace with its loopback up, and keeps it at `path`, whose folder exists. It goes on when the
/// agent ends, and is gone when the host has restarted. PermissionDenied without the rights for it.
/// Takes milliseconds.
Status makeNamespace(const std::string& path);

/// Whether a namespace is kept at `path`.
bool isNamespace(const std::string& path);

/// Lets go of it and removes the file; what is gone already is success. Processes in it keep it.
Status removeNamespace(const std::string& path);

}  // namespace berth::agent::network
