#include "agent/secrets/sources/aws_api.hpp"

#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "agent/secrets/sources/aws_answers.hpp"
#include "common/aws/crypto.hpp"
#include "common/aws/json_client.hpp"

namespace berth::agent {
namespace {

struct Partition {
  std::string_view regions;  ///< what their names begin with
  std::string_view domain;
};

/// Source: AWS SDKs, partitions.json.
constexpr std::array<Partition, 7> kPartitions = {{{"cn-", "amazonaws.com.cn"},
                                                   {"us-iso-", "c2s.ic.gov"},
                                                   {"us-isob-", "sc2s.sgov.gov"},
                                                   {"us-isof-", "csp.hci.ic.gov"},
                                                   {"eu-isoe-", "cloud.adc-e.uk"},
                                                   {"eusc-", "amazonaws.eu"},
                                                   {"", "amazonaws.com"}}};

std::string_view domainOf(std::string_view region) {
  for (const Partition& partition : kPartitions) {
    if (region.starts_with(partition.regions)) return partition.domain;
  }
  return kPartitions.back().domain;
}

aws::Credentials keyOf(const Role& role) {
  return aws::Credentials{role.accessKeyId, role.secretAccessKey, role.sessionToken, std::nullopt};
}

/// A key for calls that are the same. Secrets go in by their digest.
std::string callKey(const Role& role, std::initializer_list<std::string_view> parts) {
  std::string out = aws::sha256Hex(role.accessKeyId + "\n" + role.secretAccessKey + "\n" + role.sessionToken);
  for (std::string_view part : parts) {
    out += "\n" + std::to_string(part.size()) + " ";
    out += part;
  }
  return out;
}

/// Task definitions may hold anything, and dump() throws for what is no UTF-8.
std::string bodyText(const nlohmann::json& body) {
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// A bucket can be part of a host name that the certificate of S3 covers.
bool fitsHostName(std::string_view bucket) {
  if (bucket.size() > 63 || bucket.front() == '-' || bucket.back() == '-') return false;
  return bucket.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

}  // namespace

Result<http::Url> awsEndpoint(std::string_view host, std::string_view region) {
  if (!isRegionName(region)) {
    return makeError(Code::InvalidArgument,
                     "\"" + shortened(region, 60) + "\" is not a region: use a name like us-east-1");
  }
  http::Url url{"https", std::string(host), 443, "/", ""};
  url.host.append(".").append(region).append(".").append(domainOf(region));
  return url;
}

Result<http::Url> objectUrl(const ObjectRef& ref, std::string_view region, std::string_view endpoint) {
  Result<http::Url> url = endpoint.empty() ? awsEndpoint("s3", region) : http::parseUrl(endpoint);
  if (!url) return url;
  const std::string path = "/" + http::percentEncode(ref.key, "/");
  if (endpoint.empty() && fitsHostName(ref.bucket)) {
    url->host = ref.bucket + "." + url->host;
    url->path = path;
  } else {
    while (url->path.ends_with('/')) url->path.pop_back();
    url->path += "/" + ref.bucket + path;
  }
  return url;
}

AwsApi::AwsApi(FetchMeans means, AwsOptions options)
    : means_(std::move(means)), options_(std::move(options)) {}

Async<Result<std::string>> AwsApi::call(std::shared_ptr<AwsApi> api, JsonCall call,
                                        aws::CredentialsProvider& credentials, MonoTime end) {
  Result<http::Url> endpoint =
      call.endpoint.empty() ? awsEndpoint(call.host, call.region) : http::parseUrl(call.endpoint);
  if (!endpoint) co_return endpoint.error();
  const std::stop_token stop = api->stopping();
  co_return co_await withRetries<std::string>(
      api->means_, api->options_.retry, call.timeout, end, stop,
      [&api, &call, &credentials, &endpoint, &stop](Duration timeout) -> Async<Result<std::string>> {
        aws::ClientConfig config;
        config.endpoint = *endpoint;
        config.scope = aws::Scope{call.region, call.service};
        config.targetPrefix = call.target;
        config.userAgent = api->options_.userAgent;
        config.timeout = timeout;
        aws::JsonClient client(api->means_.client, std::move(config), credentials, api->means_.clock);
        aws::CallResult result = co_await client.call(call.operation, call.body, stop);
        co_return std::move(result.reply);
      });
}

Async<Result<AwsApi::Values>> AwsApi::parameters(std::shared_ptr<AwsApi> api, ParameterBatch batch, Role role,
                                                 MonoTime end) {
  const std::string body = bodyText({{"Names", batch.names}, {"WithDecryption", true}});
  const std::string key = callKey(role, {batch.region, body});
  co_return co_await SharedCalls<Values>::join(
      api->parameterCalls_, key, [&api, &batch, &role, &body, end]() -> Async<Result<Values>> {
        aws::StaticCredentials credentials(keyOf(role));
        JsonCall call{"ssm",           "ssm", api->options_.ssmEndpoint, batch.region, "AmazonSSM",
                      "GetParameters", body,  api->options_.timeout};
        const Result<std::string> reply = co_await AwsApi::call(api, std::move(call), credentials, end);
        if (!reply) co_return reply.error();
        co_return readParameters(*reply, batch.names);
      });
}

Async<Result<std::string>> AwsApi::secret(std::shared_ptr<AwsApi> api, SecretCall wanted, Role role,
                                          MonoTime end) {
  nlohmann::json request = {{"SecretId", wanted.ref.secretId}};
  if (!wanted.ref.versionStage.empty()) request["VersionStage"] = wanted.ref.versionStage;
  if (!wanted.ref.versionId.empty()) request["VersionId"] = wanted.ref.versionId;
  const std::string body = bodyText(request);
  const std::string key = callKey(role, {wanted.region, body});
  co_return co_await SharedCalls<std::string>::join(
      api->secretCalls_, key, [&api, &wanted, &role, &body, end]() -> Async<Result<std::string>> {
        aws::StaticCredentials credentials(keyOf(role));
        JsonCall call{"secretsmanager",
                      "secretsmanager",
                      api->options_.secretsManagerEndpoint,
                      wanted.region,
                      "secretsmanager",
                      "GetSecretValue",
                      body,
                      api->options_.timeout};
        const Result<std::string> reply = co_await AwsApi::call(api, std::move(call), credentials, end);
        if (!reply) co_return reply.error();
        co_return readSecretString(*reply);
      });
}

Async<Result<AwsApi::ObjectAnswer>> AwsApi::getObject(std::shared_ptr<AwsApi> api, ObjectRef ref,
                                                      std::string region, Role role, MonoTime end) {
  const Result<http::Url> url = objectUrl(ref, region, api->options_.s3Endpoint);
  if (!url) co_return url.error();
  const std::stop_token stop = api->stopping();
  co_return co_await withRetries<ObjectAnswer>(
      api->means_, api->options_.retry, api->options_.s3Timeout, end, stop,
      [&api, &url, &region, &role, &stop](Duration timeout) -> Async<Result<ObjectAnswer>> {
        http::Call call;
        call.timeout = timeout;
        call.maxBody = api->options_.maxFile;
        call.request.url = url->origin() + url->target();
        const aws::UnsignedRequest request{"GET", *url, call.request.headers, ""};
        call.request.headers =
            aws::signForS3(request, keyOf(role), aws::Scope{region, "s3"}, api->means_.clock.now().wall);
        call.request.headers.add("User-Agent", api->options_.userAgent);
        Result<http::Response> response = co_await api->means_.client.fetch(std::move(call), stop);
        if (!response) co_return response.error();
        ObjectAnswer answer;
        if (response->status != 200) {
          const Error error = readObjectError(*response);
          const std::string there(response->headers.get("x-amz-bucket-region").value_or(""));
          if (error.retryable || there.empty() || there == region || !isRegionName(there)) co_return error;
          answer.otherRegion = there;
        }
        answer.response = *std::move(response);
        co_return answer;
      });
}

/// An ARN of S3 does not say where the bucket is; S3 does, when it is asked in another region.
Async<Result<std::string>> AwsApi::findObject(std::shared_ptr<AwsApi> api, ObjectRef ref, Role role,
                                              MonoTime end) {
  Result<ObjectAnswer> answer = co_await getObject(api, ref, api->options_.region, role, end);
  if (answer && !answer->otherRegion.empty())
    answer = co_await getObject(api, ref, answer->otherRegion, role, end);
  if (!answer) co_return answer.error();
  if (!answer->otherRegion.empty()) co_return readObjectError(answer->response);
  co_return std::move(answer->response.body);
}

Async<Result<std::string>> AwsApi::object(std::shared_ptr<AwsApi> api, ObjectRef ref, Role role,
                                          MonoTime end) {
  const std::string key = callKey(role, {ref.partition, ref.bucket, ref.key});
  co_return co_await SharedCalls<std::string>::join(api->objectCalls_, key,
                                                    [&api, &ref, &role, end]() -> Async<Result<std::string>> {
                                                      co_return co_await findObject(api, ref, role, end);
                                                    });
}

Async<Result<EcrToken>> AwsApi::ecrToken(std::shared_ptr<AwsApi> api, EcrAuthData data,
                                         std::optional<Role> role, std::string image,
                                         aws::CredentialsProvider& agents, MonoTime end) {
  nlohmann::json request = nlohmann::json::object();
  if (!data.registryId.empty()) request["registryIds"] = {data.registryId};
  JsonCall call{"ecr",
                "api.ecr",
                api->options_.ecrEndpoint,
                data.region.empty() ? api->options_.region : data.region,
                "AmazonEC2ContainerRegistry_V20150921",
                "GetAuthorizationToken",
                bodyText(request),
                api->options_.ecrTimeout};
  if (!data.endpointOverride.empty()) {
    const bool hasScheme = data.endpointOverride.find("://") != std::string::npos;
    call.endpoint = (hasScheme ? "" : "https://") + data.endpointOverride;
  }
  Result<std::string> reply = makeError(Code::Internal, "not called");
  if (data.useExecutionRole) {
    if (!role) co_return noExecutionRole();
    aws::StaticCredentials credentials(keyOf(*role));
    reply = co_await AwsApi::call(api, std::move(call), credentials, end);
  } else {
    reply = co_await AwsApi::call(api, std::move(call), agents, end);
  }
  if (!reply) co_return reply.error();
  co_return readEcrToken(*reply, image);
}

}  // namespace berth::agent
