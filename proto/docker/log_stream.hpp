// The output of a container as GET /containers/ID/logs brings it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace berth::docker {

/// The lines of stdout and stderr in the order in which they came, each cut at `longest` bytes. With a
/// terminal the body is the plain text; without, it is made of frames (1 byte stream, 3 bytes 0, 4 bytes
/// length, big-endian), which is told from the body itself. A frame that was cut off is taken as it is.
/// Source: Docker Engine API, "Attach to a container", stream format.
std::vector<std::string> logLines(std::string_view body, size_t longest);

}  // namespace berth::docker
