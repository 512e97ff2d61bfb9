// Decoding of the Docker Engine's answers. Each function is given the body of an answer, or one line of a
// streamed one, and answers InvalidArgument when it is not of that shape; unknown members are ignored.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"
#include "proto/docker/messages.hpp"

namespace berth::docker {

Result<Version> decodeVersion(std::string_view body);
Result<SystemInfo> decodeInfo(std::string_view body);
/// POST /containers/create: the new container's id.
Result<std::string> decodeCreated(std::string_view body);
/// The body of POST /containers/ID/exec; its answer is read as that of a container's creation.
std::string encodeExec(const ExecSpec& spec);
/// The body of POST /exec/ID/start.
std::string encodeExecStart(bool tty);
Result<ExecState> decodeExec(std::string_view body);
Result<ContainerInspect> decodeContainer(std::string_view body);
/// GET /containers/json, in the engine's order.
Result<std::vector<ContainerSummary>> decodeContainers(std::string_view body);
Result<ImageInspect> decodeImage(std::string_view body);
/// GET /images/json.
Result<std::vector<ImageSummary>> decodeImages(std::string_view body);
/// GET /distribution/NAME/json: the digest of the manifest, "sha256:...".
Result<std::string> decodeDistribution(std::string_view body);
Result<Event> decodeEvent(std::string_view line);
Result<PullProgress> decodePullProgress(std::string_view line);

/// The text of an error answer, {"message": "..."}; any other body is the text itself, trimmed and cut to
/// 1024 bytes. Never empty: without a text it is "HTTP status N".
std::string errorMessage(int status, std::string_view body);

/// The body of POST /volumes/create.
std::string encodeVolume(const Volume& volume);

/// GET /volumes/NAME.
Result<Volume> decodeVolume(std::string_view body);

/// The JSON text of a `filters` parameter: {"type":["container"],"label":["a=b"]}.
std::string encodeFilters(const std::map<std::string, std::vector<std::string>>& filters);

}  // namespace berth::docker
