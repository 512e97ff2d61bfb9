// The image of the container that holds the namespaces which containers of a task share.
#pragma once

#include <string>

namespace berth::agent {

/// A tar archive (POSIX.1-1988) of its one file, /pause, for the runtime to import.
std::string pauseArchive();

}  // namespace berth::agent
