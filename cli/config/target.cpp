#include "cli/config/target.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "cli/config/ini.hpp"
#include "common/config/suggest.hpp"

namespace berth::cli {
namespace {

using Sections = std::map<std::string, IniSection>;

/// Sources of credentials that only the AWS tools know how to ask.
constexpr std::array kElsewhere = {
    "role_arn",      "source_profile",     "credential_source",      "sso_session",
    "sso_start_url", "credential_process", "web_identity_token_file"};

std::string headingFor(const std::string& profile) {
  return profile == "default" ? profile : "profile " + profile;
}

class Resolver {
 public:
  Resolver(const Choice& choice, const Sources& sources) : choice_(choice), sources_(sources) {}

  Result<Target> resolve() {
    if (Status read = readFiles(); !read) return read.error();
    Target out;
    if (Status done = chooseProfile(); !done) return done.error();
    out.endpoint = endpoint();
    auto url = http::parseUrl(out.endpoint.value);
    if (!url || (url->scheme != "http" && url->scheme != "https"))
      return makeError(Code::InvalidArgument, "the endpoint '" + out.endpoint.value + "' (" +
                                                  out.endpoint.from +
                                                  ") is not an address like http://127.0.0.1:7400");
    out.url = std::move(*url);
    out.region = region();
    out.cluster = firstOf({{"--cluster", choice_.cluster}, {"BERTH_CLUSTER", env("BERTH_CLUSTER")}})
                      .value_or(Setting{"default", "the default"});
    out.caFile = env("AWS_CA_BUNDLE").value_or(ofProfile("ca_bundle").value_or(""));
    if (Status done = credentials(out); !done) return done.error();
    return out;
  }

 private:
  struct Named {
    std::string from;
    std::optional<std::string> value;
  };

  std::optional<std::string> env(const std::string& name) const {
    const auto found = sources_.environment.find(name);
    if (found == sources_.environment.end() || found->second.empty()) return std::nullopt;
    return found->second;
  }

  static std::optional<Setting> firstOf(std::vector<Named> candidates) {
    for (Named& one : candidates) {
      if (one.value) return Setting{std::move(*one.value), std::move(one.from)};
    }
    return std::nullopt;
  }

  Status readFiles() {
    if (sources_.config.text) {
      auto parsed = parseIni(*sources_.config.text, sources_.config.path);
      if (!parsed) return parsed.error();
      config_ = std::move(*parsed);
    }
    if (sources_.credentials.text) {
      auto parsed = parseIni(*sources_.credentials.text, sources_.credentials.path);
      if (!parsed) return parsed.error();
      credentials_ = std::move(*parsed);
    }
    return {};
  }

  /// A profile that was named must be there; "default" need not.
  Status chooseProfile() {
    const auto named = choice_.profile ? choice_.profile : env("AWS_PROFILE");
    profile_ = named.value_or("default");
    named_ = named.has_value();
    if (!named_ || credentials_.contains(profile_) || config_.contains(headingFor(profile_))) return {};
    std::vector<std::string> known;
    for (const auto& [heading, _] : credentials_) known.push_back(heading);
    for (const auto& [heading, _] : config_) {
      if (heading.starts_with("profile ")) known.push_back(heading.substr(8));
    }
    const auto near = config::nearest(profile_, known);
    return makeError(Code::NotFound, "there is no profile '" + profile_ + "' in " +
                                         sources_.credentials.path + " or " + sources_.config.path +
                                         (near ? ": did you mean '" + *near + "'?" : ""));
  }

  std::optional<std::string> ofProfile(const std::string& key) const {
    if (thisHost()) return std::nullopt;
    for (const auto& [sections, heading] :
         {std::pair{&credentials_, profile_}, std::pair{&config_, headingFor(profile_)}}) {
      const auto section = sections->find(heading);
      if (section == sections->end()) continue;
      const auto value = section->second.find(key);
      if (value != section->second.end() && !value->second.empty()) return value->second;
    }
    return std::nullopt;
  }

  std::optional<std::string> endpointOfServices() const {
    const auto services = ofProfile("services");
    if (!services) return std::nullopt;
    const auto section = config_.find("services " + *services);
    if (section == config_.end()) return std::nullopt;
    const auto value = section->second.find("ecs.endpoint_url");
    return value == section->second.end() ? std::nullopt : std::optional(value->second);
  }

  /// AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true leaves --endpoint alone to name one.
  bool configuredIgnored() const { return env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == "true"; }

  /// Nothing says whom to ask and as whom, and a controller's key is at hand.
  bool thisHost() const {
    return sources_.hostKey.text && !named_ && !choice_.endpoint && !env("AWS_ACCESS_KEY_ID") &&
           (configuredIgnored() || (!env("AWS_ENDPOINT_URL_ECS") && !env("AWS_ENDPOINT_URL"))) &&
           !sources_.environment.contains("AWS_SHARED_CREDENTIALS_FILE");
  }

  Setting endpoint() const {
    const std::string inProfile = "profile " + profile_ + " in " + sources_.config.path;
    if (choice_.endpoint) return {*choice_.endpoint, "--endpoint"};
    const Setting standing{kHostEndpoint, "the default"};
    if (configuredIgnored()) return standing;
    return firstOf({{"AWS_ENDPOINT_URL_ECS", env("AWS_ENDPOINT_URL_ECS")},
                    {"AWS_ENDPOINT_URL", env("AWS_ENDPOINT_URL")},
                    {"services of " + inProfile, endpointOfServices()},
                    {inProfile, ofProfile("endpoint_url")}})
        .value_or(standing);
  }

  Setting region() const {
    return firstOf({{"--region", choice_.region},
                    {"AWS_REGION", env("AWS_REGION")},
                    {"AWS_DEFAULT_REGION", env("AWS_DEFAULT_REGION")},
                    {"profile " + profile_ + " in " + sources_.config.path, ofProfile("region")}})
        .value_or(Setting{"us-east-1", "the default"});
  }

  Status credentials(Target& out) const {
    const auto key = env("AWS_ACCESS_KEY_ID");
    if (key && !choice_.profile) return fromEnvironment(*key, out);
    if (thisHost()) {
      auto read = aws::parseCredentials(*sources_.hostKey.text, sources_.hostKey.path);
      if (!read) return read.error();
      out.credentials = std::move(*read);
      out.credentialsFrom = sources_.hostKey.path;
      out.thisHost = true;
      return {};
    }
    return fromProfile(out);
  }

  Status fromEnvironment(const std::string& key, Target& out) const {
    const auto secret = env("AWS_SECRET_ACCESS_KEY");
    if (!secret)
      return makeError(Code::InvalidArgument,
                       "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not: set both, or neither");
    out.credentials = {key, *secret, env("AWS_SESSION_TOKEN").value_or(""), std::nullopt};
    out.credentialsFrom = "AWS_ACCESS_KEY_ID";
    return {};
  }

  Status fromProfile(Target& out) const {
    const auto key = ofProfile("aws_access_key_id");
    const auto secret = ofProfile("aws_secret_access_key");
    if (key && secret) {
      out.credentials = {*key, *secret, ofProfile("aws_session_token").value_or(""), std::nullopt};
      const bool inFile =
          credentials_.contains(profile_) && credentials_.at(profile_).contains("aws_access_key_id");
      out.credentialsFrom =
          "profile " + profile_ + " in " + (inFile ? sources_.credentials.path : sources_.config.path);
      return {};
    }
    if (key || secret)
      return makeError(Code::InvalidArgument,
                       "profile '" + profile_ +
                           "' has only one of aws_access_key_id and aws_secret_access_key: it needs both");
    for (const char* other : kElsewhere) {
      if (ofProfile(other))
        return makeError(
            Code::Unimplemented,
            "profile '" + profile_ + "' gets its credentials by " + other +
                ", which berth does not do: `eval \"$(aws configure export-credentials --profile " +
                profile_ + " --format env)\"` puts them where berth finds them");
    }
    return makeError(Code::NotFound,
                     "no access key: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write profile '" +
                         profile_ + "' in " + sources_.credentials.path +
                         "; on the controller's host root finds one in " + kHostKeyFile);
  }

  const Choice& choice_;
  const Sources& sources_;
  Sections config_;
  Sections credentials_;
  std::string profile_;
  bool named_ = false;
};

}  // namespace

Result<Target> resolveTarget(const Choice& choice, const Sources& sources) {
  return Resolver(choice, sources).resolve();
}

}  // namespace berth::cli
