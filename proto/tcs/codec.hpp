// The wire form of TCS. An agent's frame is an HTTP header block (those of a SigV4-signed GET of the TCS URL
// with the envelope as its body), an empty line, and {"type": ..., "message": {...}}; a controller's frames
// are bare envelopes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result/result.hpp"
#include "proto/tcs/messages.hpp"

namespace berth::tcs {

inline constexpr std::string_view kPublishMetrics = "PublishMetricsRequest";

/// The envelope of an agent's message, without the header block.
std::string encode(const FromAgent& message);
/// `headers` as "Name: value" lines, sorted by name, the empty line, and the envelope.
std::string frame(std::vector<std::pair<std::string, std::string>> headers, const std::string& envelope);

/// Decodes an agent's frame, with or without its header block. InvalidArgument when it is no envelope.
Result<FromAgent> decodeFromAgent(std::string_view text);
/// The type of a frame of either side, e.g. "PublishMetricsRequest", "AckPublishMetric"; the rest is not read.
/// InvalidArgument when it is no envelope.
Result<std::string> decodeType(std::string_view text);

/// {"type": TYPE, "message": {"message": TEXT}}: the acks AckPublishMetric, AckPublishHealth,
/// AckPublishInstanceStatus.
std::string encodeAck(std::string_view type, std::string_view text);
/// {"type":"HeartbeatMessage","message":{"healthy":true}}.
std::string encodeHeartbeat();

}  // namespace berth::tcs
