// What registries and AWS's services of secrets answer: a line of an image's or parameter's name, a line of a
// JSON key, the answer up to a line "----", and a registry's words.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/runtimes/docker/errors.hpp"
#include "agent/secrets/sources/aws_answers.hpp"
#include "agent/secrets/sources/secret_name.hpp"
#include "agent/secrets/value_from.hpp"
#include "proto/docker/image_reference.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;

bool contains(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

/// The seeds' secrets are made of the first word, which the second is in base64, and nothing else is.
bool hasSecret(std::string_view text) {
  return contains(text, "EXAMPLESECRET") || contains(text, "VYQU1QTEVTRUNSRV");
}

/// Whether a mutation has made a name of a secret, which messages may tell.
bool isNamedSo(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_structured()) return false;
  const auto flat = json.flatten();
  return std::ranges::any_of(flat.items(), [](const auto& item) { return hasSecret(item.key()); });
}

/// The decoded value; nullptr with an error that says why and shows no secret.
template <class T>
const T* valueOf(const Result<T>& read, bool secrecy) {
  if (read) return &*read;
  fuzz::require(!read.error().message.empty(), "an error says why");
  fuzz::require(!secrecy || !hasSecret(read.error().message), "an error shows no secret",
                read.error().message);
  return nullptr;
}

/// A token is kept no longer than it holds.
void checkToken(const agent::EcrToken& token, std::string_view image) {
  fuzz::require(agent::isFromRegistry(image, token.registry), "a token is the image's", token.registry);
  fuzz::require(!token.auth.username.empty() && !contains(token.auth.username, ":"), "a user has a name");
  SeededRandom random(1);
  agent::EcrTokens tokens(random);
  const WallTime now = fromEpochSeconds(1719650000);
  tokens.put("key", token, now);
  fuzz::require(!tokens.find("key", now) || token.expires > now + std::chrono::minutes(30),
                "a token is left before it expires");
  fuzz::require(!tokens.find("key", now + std::chrono::hours(12)), "and after 12 hours");
}

void checkSecrets(const std::string& answer, const std::string& name, const std::string& key, bool secrecy) {
  const std::vector<std::string> names = {"/prod/db", name};
  const auto parameters = agent::readParameters(answer, names);
  if (const auto* values = valueOf(parameters, secrecy)) {
    fuzz::require(values->contains(name) && values->contains(names[0]), "all that was asked for is there");
    for (const auto& [one, value] : *values)
      fuzz::require(agent::isPlainText(value), "a value is plain text", one);
  }
  const auto string = agent::readSecretString(answer);
  if (const std::string* text = valueOf(string, secrecy)) {
    fuzz::require(agent::isPlainText(*text), "a secret is plain text");
    // Its own members may be named as the secret.
    const auto auth = agent::readRegistryAuth(*text);
    valueOf(auth, secrecy && !isNamedSo(*text));
  }
  const auto member = agent::pickMember(answer, key);
  if (const std::string* text = valueOf(member, secrecy))
    fuzz::require(agent::isPlainText(*text), "a member is plain text");
  const auto plain = agent::readPlainSecret(answer);
  if (const std::string* text = valueOf(plain, secrecy))
    fuzz::require(!text->empty() && answer.starts_with(*text), "a plain secret is the answer's text");
  const auto token = agent::readEcrToken(answer, name);
  if (valueOf(token, secrecy) != nullptr) checkToken(*token, name);
}

/// The most particular key, by looking at all of them.
const agent::RegistryAuth* bestOf(const agent::RegistryAuths& auths, const std::string& repository) {
  const agent::RegistryAuth* best = nullptr;
  size_t length = 0;
  for (const auto& [key, auth] : auths) {
    if (key.size() < length || !(repository == key || repository.starts_with(key + "/"))) continue;
    best = &auth;
    length = key.size();
  }
  return best;
}

void checkConfigured(const std::string& data, const std::string& image, bool secrecy) {
  for (const char* type : {"docker", "dockercfg"}) {
    const auto parsed = agent::parseConfiguredAuths(type, data);
    const agent::RegistryAuths* auths = valueOf(parsed, secrecy);
    if (auths == nullptr) continue;
    for (const auto& [registry, auth] : *auths)
      fuzz::require(!registry.empty() && !auth.username.empty(), "credentials have a registry and a user");
    const auto chosen = agent::chooseAuth(*auths, image);
    const agent::RegistryAuth* best = bestOf(*auths, agent::repositoryOf(image));
    fuzz::require(chosen.has_value() == (best != nullptr), "credentials are for the image", image);
    fuzz::require(
        best == nullptr || (chosen->username == best->username && chosen->password == best->password),
        "the most particular credentials count", image);
  }
}

/// Whether a URL of the text shows a query.
bool showsQuery(std::string_view text) {
  for (size_t at = text.find("://"); at != std::string_view::npos; at = text.find("://", at + 1)) {
    const std::string_view url = text.substr(at, text.find_first_of(" \t\n\"'<>", at) - at);
    const size_t query = url.find('?');
    if (query != std::string_view::npos && !url.substr(query).starts_with("?REDACTED")) return true;
  }
  return false;
}

void checkWords(const std::string& words, const std::string& image) {
  const std::string clean = agent::withoutQueries(words);
  fuzz::require(!showsQuery(clean), "no URL shows its query", clean);
  fuzz::require(agent::withoutQueries(clean) == clean, "a clean text stays", clean);
  for (const int status : {404, 429, 500, 503}) {
    const Error error = agent::registryFailure(status, words, image);
    fuzz::require(contains(error.message, image), "a failure names the image", error.message);
    fuzz::require(contains(error.message, clean), "and has the registry's words", error.message);
    fuzz::require(!agent::saysDiskFull(error) || error.retryable, "a full disk is cleaned up", words);
  }
  if (!docker::parseImageReference(image)) return;
  const Error odd = agent::registryFailure(500, "manifest for " + image + " is odd", image);
  fuzz::require(odd.code == Code::Internal, "the name of an image is no clue", image);
  const http::Response refusal{403, {}, words};
  fuzz::require(!agent::readObjectError(refusal).message.empty(), "an error of S3 says why");
}

}  // namespace

BERTH_FUZZ_TARGET(registry_answers) {
  const std::string name(fuzz::takeLine(input));
  const std::string key(fuzz::takeLine(input));
  const std::string answer(fuzz::takePart(input));
  const bool secrecy = !hasSecret(name) && !hasSecret(key) && !isNamedSo(answer);
  checkSecrets(answer, name, key, secrecy);
  checkConfigured(answer, name, secrecy);
  checkWords(std::string(input), name);
}
