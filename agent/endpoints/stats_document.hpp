// Docker's own statistics document, made from our readings. Source: GET /containers/ID/stats of the Docker
// Engine API 1.41. Private to the folder: this header brings the JSON library in.
#pragma once

#include "agent/endpoints/documents.hpp"

namespace berth::agent::endpoints {

/// v4 adds network_rate_stats once there are two readings with network counters.
Document statsDocument(const ContainerView& container, const ContainerStats& stats, Version version);

}  // namespace berth::agent::endpoints
