#include "cli/commands/definition.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cli/commands/values.hpp"
#include "cli/compose/yaml_json.hpp"
#include "cli/find/find.hpp"
#include "common/aws/crypto.hpp"

namespace berth::cli {

using nlohmann::json;

namespace {

constexpr size_t kMostBytes = size_t{1} << 20;
constexpr const char* kDigestTag = "berth-digest";

/// Members of a described definition that RegisterTaskDefinition has no use for.
constexpr std::array kDescribedOnly = {"taskDefinitionArn",  "revision",        "status",
                                       "requiresAttributes", "compatibilities", "registeredAt",
                                       "registeredBy",       "deregisteredAt",  "deleteRequestedAt"};

std::string referenceOf(const json& definition) {
  return textAt(definition, "family") + ":" + std::to_string(numberAt(definition, "revision"));
}

/// The newest revision, if it was made of the same text.
Result<std::string> sameAsNewest(const Session& session, const std::string& family,
                                 const std::string& digest) {
  auto answer =
      session.api.call("DescribeTaskDefinition", {{"taskDefinition", family}, {"include", {"TAGS"}}});
  if (!answer) {
    const bool unknown = answer.error().message.starts_with("ClientException");
    return unknown ? Result<std::string>(std::string()) : answer.error();
  }
  for (const json& tag : listAt(*answer, "tags")) {
    if (textAt(tag, "key") == kDigestTag && textAt(tag, "value") == digest)
      return referenceOf((*answer)["taskDefinition"]);
  }
  return std::string();
}

/// The container that an image is for.
Result<json*> containerFor(json& definition, const std::string& name) {
  std::string names;
  json* essential = nullptr;
  size_t found = 0;
  for (json& container : definition["containerDefinitions"]) {
    if (textAt(container, "name") == name) return &container;
    names += (names.empty() ? "" : ", ") + textAt(container, "name");
    if (!container.value("essential", true)) continue;
    essential = &container;
    ++found;
  }
  if (name.empty() && found == 1) return essential;
  return makeError(Code::InvalidArgument,
                   (name.empty() ? "the task definition has several containers"
                                 : "the task definition has no container '" + name + "'") +
                       " (" + names + "): write --image CONTAINER=IMAGE");
}

}  // namespace

bool isDefinitionFile(const std::string& word) {
  const bool named = word.ends_with(".json") || word.ends_with(".yaml") || word.ends_with(".yml");
  std::error_code ignored;
  return named || word.find('/') != std::string::npos || std::filesystem::is_regular_file(word, ignored);
}

Result<std::string> readTextFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  text.resize(kMostBytes + 1);
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.gcount() == 0 && !file.eof())
    return makeError(Code::InvalidArgument, path + ": can't read it: is it there, and may you?");
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMostBytes)
    return makeError(Code::InvalidArgument, path + ": larger than 1 MiB; is it the right file?");
  return text;
}

Result<std::string> registerDefinition(const Session& session, json definition) {
  const std::string digest = aws::sha256Hex(definition.dump()).substr(0, 32);
  auto same = sameAsNewest(session, textAt(definition, "family"), digest);
  if (!same) return same.error();
  if (!same->empty()) return *same;
  definition["tags"].push_back({{"key", kDigestTag}, {"value", digest}});
  auto answer = session.api.call("RegisterTaskDefinition", definition);
  if (!answer) return answer.error();
  return referenceOf((*answer)["taskDefinition"]);
}

Result<std::string> registerFile(const Session& session, const std::string& path) {
  auto text = readTextFile(path);
  if (!text) return text.error();
  auto definition = jsonOfYaml(*text, path);
  if (!definition) return definition.error();
  if (!definition->is_object() || !definition->contains("containerDefinitions"))
    return makeError(
        Code::InvalidArgument,
        path +
            ": no task definition: it has no 'containerDefinitions'; `berth up` takes services and "
            "Compose files");
  return registerDefinition(session, std::move(*definition));
}

Result<std::string> registerWithImage(const Session& session, const std::string& definition,
                                      const std::string& change) {
  const size_t equals = change.find('=');
  const std::string name = equals == std::string::npos ? std::string() : change.substr(0, equals);
  const std::string image = change.substr(equals == std::string::npos ? 0 : equals + 1);
  if (image.empty()) return makeError(Code::InvalidArgument, "--image '" + change + "' names no image");
  auto answer =
      session.api.call("DescribeTaskDefinition", {{"taskDefinition", definition}, {"include", {"TAGS"}}});
  if (!answer) return answer.error();
  json copy = (*answer)["taskDefinition"];
  auto container = containerFor(copy, name);
  if (!container) return container.error();
  if (textAt(**container, "image") == image) return referenceOf(copy);
  (**container)["image"] = image;
  for (const char* member : kDescribedOnly) copy.erase(member);
  for (const json& tag : listAt(*answer, "tags")) {
    if (textAt(tag, "key") != kDigestTag) copy["tags"].push_back(tag);
  }
  auto made = session.api.call("RegisterTaskDefinition", copy);
  if (!made) return made.error();
  return referenceOf((*made)["taskDefinition"]);
}

}  // namespace berth::cli
