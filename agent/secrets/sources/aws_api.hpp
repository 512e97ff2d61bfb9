// The calls of AWS services that the sources make.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "agent/secrets/ecr_tokens.hpp"
#include "agent/secrets/fetch_plan.hpp"
#include "agent/secrets/sources/means.hpp"
#include "agent/secrets/sources/shared_calls.hpp"
#include "common/aws/credentials_provider.hpp"

namespace berth::agent {

struct AwsOptions {
  std::string region;  ///< the agent's, for requests that name none
  std::string userAgent = "berth";
  /// URLs to call instead of the services' own, for all regions; empty: AWS. S3's is used with the bucket in
  /// the path.
  std::string ssmEndpoint;
  std::string secretsManagerEndpoint;
  std::string s3Endpoint;
  std::string ecrEndpoint;
  Duration timeout = std::chrono::seconds(10);  ///< for one call of SSM or the Secrets Manager
  Duration s3Timeout = std::chrono::seconds(30);
  Duration ecrTimeout = std::chrono::seconds(5);
  size_t maxFile = size_t{1} << 20;  ///< bytes of an environment file
  RetryOptions retry;
};

/// Calls that are the same and by the same credentials are made once at a time. Messages of errors are
/// details without the frame that a task's reason has, and never hold a secret.
class AwsApi {
 public:
  AwsApi(FetchMeans means, AwsOptions options);
  AwsApi(const AwsApi&) = delete;
  AwsApi& operator=(const AwsApi&) = delete;

  /// Calls under way, and later ones, end with Cancelled: for the agent's own end. Calls keep the object
  /// alive.
  void stop() { stop_.request_stop(); }

  const FetchMeans& means() const { return means_; }
  const AwsOptions& options() const { return options_; }
  std::stop_token stopping() const { return stop_.get_token(); }
  /// When a fetch that begins now has to be over.
  MonoTime deadline() const { return means_.clock.now().mono + options_.retry.overall; }

  using Values = std::map<std::string, std::string>;
  /// The values by the names of the batch. Source: Systems Manager API, GetParameters.
  static Async<Result<Values>> parameters(std::shared_ptr<AwsApi> api, ParameterBatch batch, Role role,
                                          MonoTime end);
  /// The secret's text. Source: Secrets Manager API, GetSecretValue.
  static Async<Result<std::string>> secret(std::shared_ptr<AwsApi> api, SecretCall call, Role role,
                                           MonoTime end);
  /// The object's bytes. Source: Amazon S3 API, GetObject.
  static Async<Result<std::string>> object(std::shared_ptr<AwsApi> api, ObjectRef ref, Role role,
                                           MonoTime end);
  /// A token for the registry that `image` is pulled from; `agents` signs when the request does not want the
  /// role. Not kept here. Source: Amazon ECR API, GetAuthorizationToken.
  static Async<Result<EcrToken>> ecrToken(std::shared_ptr<AwsApi> api, EcrAuthData data,
                                          std::optional<Role> role, std::string image,
                                          aws::CredentialsProvider& agents, MonoTime end);

 private:
  struct JsonCall {
    std::string service;   ///< of the signature
    std::string host;      ///< first labels of the endpoint's host: "api.ecr"
    std::string endpoint;  ///< instead; may be empty
    std::string region;
    std::string target;  ///< "AmazonSSM"
    std::string operation;
    std::string body;
    Duration timeout;
  };
  static Async<Result<std::string>> call(std::shared_ptr<AwsApi> api, JsonCall call,
                                         aws::CredentialsProvider& credentials, MonoTime end);
  struct ObjectAnswer {
    http::Response response;
    std::string otherRegion;  ///< where the bucket is, when it is elsewhere
  };
  static Async<Result<ObjectAnswer>> getObject(std::shared_ptr<AwsApi> api, ObjectRef ref, std::string region,
                                               Role role, MonoTime end);
  static Async<Result<std::string>> findObject(std::shared_ptr<AwsApi> api, ObjectRef ref, Role role,
                                               MonoTime end);

  FetchMeans means_;
  AwsOptions options_;
  std::stop_source stop_;
  std::shared_ptr<SharedCalls<Values>> parameterCalls_ = std::make_shared<SharedCalls<Values>>();
  std::shared_ptr<SharedCalls<std::string>> secretCalls_ = std::make_shared<SharedCalls<std::string>>();
  std::shared_ptr<SharedCalls<std::string>> objectCalls_ = std::make_shared<SharedCalls<std::string>>();
};

/// "ssm", "us-east-1" -> https://ssm.us-east-1.amazonaws.com/, with the domain of the region's partition.
/// InvalidArgument when `region` is no region's name.
Result<http::Url> awsEndpoint(std::string_view host, std::string_view region);

/// Where an object is: https://BUCKET.s3.REGION.amazonaws.com/KEY; with the bucket in the path when it does
/// not fit into a host name, or when `endpoint` is called instead of S3.
Result<http::Url> objectUrl(const ObjectRef& ref, std::string_view region, std::string_view endpoint);

}  // namespace berth::agent
