#include "agent/secrets/sources/aws_answers.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "agent/secrets/value_from.hpp"
#include "common/aws/crypto.hpp"
#include "common/aws/errors.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent {
namespace {

using nlohmann::json;

constexpr size_t kLongestErrorPart = 400;

Error senselessAnswer(std::string_view what) {
  return makeError(Code::Internal, "the service's answer has no " + std::string(what));
}

/// nullptr when there is no such member or it is no string.
const std::string* textMember(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

std::string textOr(const json& object, const char* name, std::string otherwise = {}) {
  const std::string* text = textMember(object, name);
  return text == nullptr ? std::move(otherwise) : *text;
}

const json* arrayMember(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || !found->is_array() ? nullptr : &*found;
}

/// Also a key for what was asked with a version or label, or by ARN.
std::vector<std::string> namesOf(const json& parameter) {
  const std::string selector = textOr(parameter, "Selector");
  std::vector<std::string> out;
  for (const char* member : {"Name", "ARN"}) {
    const std::string name = textOr(parameter, member);
    if (name.empty()) continue;
    out.push_back(name);
    if (!selector.empty()) out.push_back(name + (selector.starts_with(':') ? "" : ":") + selector);
  }
  return out;
}

/// What stands between <name> and </name>.
std::string xmlText(std::string_view document, const std::string& name) {
  const size_t start = document.find("<" + name + ">");
  if (start == std::string_view::npos) return {};
  document.remove_prefix(start + name.size() + 2);
  const size_t end = document.find("</" + name + ">");
  if (end == std::string_view::npos || end > kLongestErrorPart) return {};
  const std::string_view text = document.substr(0, end);
  return isPlainText(text) ? std::string(text) : std::string();
}

std::optional<RegistryAuth> splitUserPassword(const std::string& base64) {
  const std::optional<std::string> text = aws::base64Decode(base64);
  const size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  return RegistryAuth{text->substr(0, colon), text->substr(colon + 1)};
}

Error badAuth(const std::string& registry, std::string_view rule) {
  return makeError(Code::InvalidArgument,
                   "credentials of registry \"" + shortened(registry, 200) + "\": " + std::string(rule));
}

Result<RegistryAuth> readOneAuth(const std::string& registry, const json& entry, bool dockercfg) {
  if (!entry.is_object()) return badAuth(registry, "expected a JSON object");
  if (dockercfg) {
    const std::string* text = textMember(entry, "auth");
    const std::optional<RegistryAuth> auth = text == nullptr ? std::nullopt : splitUserPassword(*text);
    if (!auth) return badAuth(registry, "\"auth\" has to be base64 of user:password");
    return *auth;
  }
  RegistryAuth auth{textOr(entry, "username"), textOr(entry, "password")};
  if (auth.username.empty()) return badAuth(registry, "\"username\" and \"password\" have to be texts");
  return auth;
}

}  // namespace

Result<std::map<std::string, std::string>> readParameters(const std::string& text,
                                                          const std::vector<std::string>& names) {
  const json answer = json::parse(text, nullptr, false);
  const json* parameters = arrayMember(answer, "Parameters");
  if (parameters == nullptr) return senselessAnswer("list of parameters");
  std::map<std::string, std::string> found;
  for (const json& parameter : *parameters) {
    const std::string* value = textMember(parameter, "Value");
    if (value == nullptr) continue;
    for (const std::string& name : namesOf(parameter)) found.insert_or_assign(name, *value);
  }
  std::map<std::string, std::string> out;
  std::string missing;
  for (const std::string& name : names) {
    const auto value = found.find(name);
    if (value == found.end()) {
      missing += (missing.empty() ? "" : ",") + name;
    } else if (!isPlainText(value->second)) {
      return makeError(Code::InvalidArgument, "the value of parameter " + name + " holds a NUL character");
    } else {
      out.insert(*value);
    }
  }
  if (!missing.empty()) return makeError(Code::NotFound, "invalid parameters: " + missing);
  return out;
}

Result<std::string> readSecretString(const std::string& text) {
  const json answer = json::parse(text, nullptr, false);
  if (const std::string* value = textMember(answer, "SecretString")) {
    if (isPlainText(*value)) return *value;
    return makeError(Code::InvalidArgument, "the secret holds a NUL character");
  }
  if (answer.is_object() && answer.contains("SecretBinary"))
    return makeError(Code::InvalidArgument, "the secret is binary: store it as text");
  return senselessAnswer("SecretString");
}

Result<EcrToken> readEcrToken(const std::string& text, std::string_view image) {
  const json answer = json::parse(text, nullptr, false);
  const json* entries = arrayMember(answer, "authorizationData");
  if (entries == nullptr) return senselessAnswer("authorizationData");
  for (const json& entry : *entries) {
    std::string registry = textOr(entry, "proxyEndpoint");
    if (const size_t scheme = registry.find("://"); scheme != std::string::npos)
      registry.erase(0, scheme + 3);
    if (!isFromRegistry(image, registry)) continue;
    const std::optional<RegistryAuth> auth = splitUserPassword(textOr(entry, "authorizationToken"));
    if (!auth) return senselessAnswer("usable authorizationToken");
    const auto expires = entry.find("expiresAt");
    const bool known = expires != entry.end() && expires->is_number();
    return EcrToken{registry, *auth, known ? fromEpochSeconds(expires->get<double>()) : WallTime{}};
  }
  return makeError(Code::NotFound, "no authorization token is for the registry of image " +
                                       shortened(image, 300) + ": check the registry's id and region");
}

Error readObjectError(const http::Response& response) {
  aws::ApiError error;
  error.httpStatus = response.status;
  error.type = xmlText(response.body, "Code");
  error.message = xmlText(response.body, "Message");
  if (error.type.empty()) error.type = response.status == 404 ? "NotFound" : "UnknownError";
  if (error.message.empty())
    error.message = "S3 answered with HTTP status " + std::to_string(response.status);
  Error out = aws::toError(error);
  if (response.status == 404) out.code = Code::NotFound;
  return out;
}

Result<std::string> pickMember(const std::string& secret, const std::string& key) {
  const Result<json> parsed = berth::json::parseObject(secret, "the secret");
  if (!parsed) {
    return makeError(Code::InvalidArgument,
                     "the secret is no JSON object of at most 64 levels, so it has no json key " + key);
  }
  const json& object = *parsed;
  const json* found = nullptr;
  if (const auto member = object.find(key); member != object.end()) {
    found = &*member;
  } else if (key.starts_with('/')) {
    try {
      const json::json_pointer pointer(key);
      if (object.contains(pointer)) found = &object.at(pointer);
    } catch (const json::exception&) {
      return makeError(Code::InvalidArgument, "the json key " + key + " is no JSON pointer");
    }
  }
  if (found == nullptr || found->is_null())
    return makeError(Code::NotFound, "retrieved secret did not contain json key " + key);
  std::string value = found->is_string() ? found->get<std::string>()
                                         : found->dump(-1, ' ', false, json::error_handler_t::replace);
  if (isPlainText(value)) return value;
  return makeError(Code::InvalidArgument, "the value of json key " + key + " holds a NUL character");
}

Result<RegistryAuth> readRegistryAuth(const std::string& secret) {
  const json object = json::parse(secret, nullptr, false);
  RegistryAuth auth{textOr(object, "username"), textOr(object, "password")};
  if (!auth.username.empty() && !auth.password.empty()) return auth;
  return makeError(Code::InvalidArgument,
                   "the secret has to be JSON with the texts \"username\" and \"password\"");
}

Result<RegistryAuths> parseConfiguredAuths(std::string_view type, const std::string& data) {
  if (type.empty() && data.empty()) return RegistryAuths{};
  if (type != "docker" && type != "dockercfg") {
    return makeError(
        Code::InvalidArgument,
        "the type of registry credentials is docker or dockercfg, not \"" + std::string(type) + "\"");
  }
  const json object = json::parse(data, nullptr, false);
  if (!object.is_object())
    return makeError(Code::InvalidArgument, "registry credentials have to be a JSON object by registry");
  const bool dockercfg = type == "dockercfg";
  const auto auths = object.find("auths");
  const bool within = dockercfg && auths != object.end() && auths->is_object() && !auths->contains("auth");
  const json& entries = within ? *auths : object;
  RegistryAuths out;
  for (const auto& [registry, entry] : entries.items()) {
    Result<RegistryAuth> auth = readOneAuth(registry, entry, dockercfg);
    if (!auth) return auth.error();
    const std::string key = registryKey(registry);
    if (key.empty()) return badAuth(registry, "the registry's name is empty");
    if (!out.emplace(key, *std::move(auth)).second) return badAuth(registry, "it is there twice; keep one");
  }
  return out;
}

}  // namespace berth::agent
