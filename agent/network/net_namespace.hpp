// Network namespaces that live without a process, as mounts of files.
#pragma once

#include <functional>
#include <string>

#include "common/result/result.hpp"

namespace berth::agent::network {

/// Makes a namespace with its loopback up, and keeps it at `path`, whose folder exists. It goes on when the
/// agent ends, and is gone when the host has restarted. PermissionDenied without the rights for it.
/// Takes milliseconds. `furnish` is called in it, by a thread of its own, before it is kept; where that fails
/// there is no namespace.
Status makeNamespace(const std::string& path, const std::function<Status()>& furnish = {});

/// Calls `work` in the namespace that is kept at `path`, by a thread of its own.
Status inNamespace(const std::string& path, const std::function<Status()>& work);

/// Whether a namespace is kept at `path`.
bool isNamespace(const std::string& path);

/// Lets go of it and removes the file; what is gone already is success. Processes in it keep it.
Status removeNamespace(const std::string& path);

}  // namespace berth::agent::network
