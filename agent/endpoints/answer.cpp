#include "agent/endpoints/answer.hpp"

#include "agent/endpoints/families.hpp"

namespace berth::agent::endpoints {

Response notFound() { return {.status = 404, .contentType = "text/plain", .body = "404 page not found\n"}; }

Response answerMetadata(const Request& request, const Directory& directory) {
  const auto parts = pathParts(request.path);
  if (!parts || parts->size() < 2) return notFound();
  const std::string& version = parts->front();
  if (version == "v2") return answerV2(*parts, request, directory);
  if (version == "v3") return answerV3(*parts, directory);
  if (version == "v4") return answerV4(*parts, directory);
  return notFound();
}

}  // namespace berth::agent::endpoints
