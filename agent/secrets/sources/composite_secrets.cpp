#include "agent/secrets/sources/composite_secrets.hpp"

#include <array>
#include <utility>

#include "agent/secrets/fetch_plan.hpp"
#include "common/async/callback.hpp"

namespace berth::agent {
namespace {

constexpr std::array kAllPlaces = {SecretPlace::Aws, SecretPlace::File, SecretPlace::Http};

/// What one source is asked for, and where its answers belong.
struct Share {
  std::vector<SecretRequest> requests;
  std::vector<size_t> indices;
};

SecretSource* sourceAt(const SecretPlaces& places, SecretPlace place) {
  switch (place) {
    case SecretPlace::File:
      return places.file;
    case SecretPlace::Http:
      return places.http;
    case SecretPlace::Aws:
      break;
  }
  return places.aws;
}

Error notSetUp(SecretPlace place) {
  switch (place) {
    case SecretPlace::File:
      return makeError(
          Code::FailedPrecondition,
          "secrets from files are not set up on this machine: give the agent a directory of secrets");
    case SecretPlace::Http:
      return makeError(
          Code::FailedPrecondition,
          "secrets over HTTP are not set up on this machine: give the agent the URL of a server");
    case SecretPlace::Aws:
      break;
  }
  return makeError(Code::FailedPrecondition, "secrets from AWS are not set up on this machine");
}

Async<Result<std::vector<std::string>>> fetchPlaced(SecretPlaces places, std::vector<SecretRequest> requests,
                                                    std::optional<Role> role) {
  std::array<Share, kAllPlaces.size()> shares;
  for (size_t i = 0; i < requests.size(); ++i) {
    const SecretPlace place = placeOf(requests[i].valueFrom, places.otherwise);
    if (sourceAt(places, place) == nullptr) co_return secretFailed(requests[i].valueFrom, notSetUp(place));
    Share& share = shares[static_cast<size_t>(place)];
    share.indices.push_back(i);
    share.requests.push_back(std::move(requests[i]));
  }
  std::vector<std::string> out(requests.size());
  for (const SecretPlace place : kAllPlaces) {
    Share& share = shares[static_cast<size_t>(place)];
    if (share.requests.empty()) continue;
    SecretSource* source = sourceAt(places, place);
    Result<std::vector<std::string>> values = co_await loopAwait<std::vector<std::string>>(
        [&](auto done) { source->fetch(std::move(share.requests), role, std::move(done)); });
    if (!values) co_return values.error();
    if (values->size() != share.indices.size())
      co_return makeError(Code::Internal, "a source of secrets answered with another number than asked for");
    for (size_t i = 0; i < share.indices.size(); ++i) out[share.indices[i]] = std::move((*values)[i]);
  }
  co_return out;
}

}  // namespace

SecretPlace placeOf(const std::string& valueFrom, SecretPlace otherwise) {
  if (valueFrom.starts_with("arn:")) return SecretPlace::Aws;
  if (valueFrom.starts_with("file:")) return SecretPlace::File;
  if (valueFrom.starts_with("http:")) return SecretPlace::Http;
  return otherwise;
}

void CompositeSecrets::fetch(std::vector<SecretRequest> requests, std::optional<Role> role,
                             Callback<std::vector<std::string>> done) {
  answerWith<std::vector<std::string>>(
      means_, "secrets of a task", gone_.get_token(), std::move(done),
      [places = places_, requests = std::move(requests), role = std::move(role)] {
        return fetchPlaced(places, requests, role);
      });
}

}  // namespace berth::agent
