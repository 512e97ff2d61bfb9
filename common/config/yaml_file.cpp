#include "common/config/yaml_file.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

#include "common/config/value.hpp"
#include "common/result/result.hpp"

namespace berth::config {
namespace {

constexpr size_t kMostBytes = 1 << 20;

Result<std::string> readFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::string text(kMostBytes + 1, '\0');
  size_t size = 0;
  ssize_t got = file < 0 ? -1 : 1;
  while (got > 0 && size < text.size()) {
    got = read(file, text.data() + size, text.size() - size);
    if (got > 0) size += static_cast<size_t>(got);
  }
  const int error = errno;
  if (file >= 0) close(file);
  if (got < 0) {
    return makeError(Code::InvalidArgument,
                     path + ": can't read it: " + std::generic_category().message(error));
  }
  if (size > kMostBytes)
    return makeError(Code::InvalidArgument, path + ": larger than 1 MiB; is it the right file?");
  text.resize(size);
  return text;
}

/// Where the latest document begins, and nothing of what it says.
class DocumentStart final : public YAML::EventHandler {
 public:
  int line() const { return line_; }

  void OnDocumentStart(const YAML::Mark& mark) override { line_ = mark.line; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}

 private:
  int line_ = 0;
};

/// The line, from 0, of a second document; nullopt when there is none. YAML::LoadAll would not do: at a token
/// that no document may begin with it adds empty documents until the memory is full.
std::optional<int> secondDocument(const std::string& text) {
  std::istringstream in(text);
  YAML::Parser parser(in);
  DocumentStart start;
  if (!parser.HandleNextDocument(start) || !parser.HandleNextDocument(start)) return std::nullopt;
  return start.line();
}

bool isSeparator(const std::string& text, int line) {
  std::istringstream in(text);
  std::string found;
  for (int i = 0; i <= line && std::getline(in, found); ++i) continue;
  return found.starts_with("---");
}

/// Walks the document along the schema, so that neither depth nor loops of aliases can lead it astray.
class Reader {
 public:
  Reader(const Schema& schema, const std::string& path, Layer& layer)
      : schema_(schema), path_(path), layer_(layer) {}

  void document(const YAML::Node& root) {
    if (root.IsNull()) return;
    if (root.IsMap()) return section(root, "");
    problem(root, "must be keys with values, like 'region: us-east-1'");
  }

 private:
  void section(const YAML::Node& node, const std::string& prefix) {
    std::set<std::string> seen;
    for (const auto& pair : node) {
      const YAML::Node& name = pair.first;
      if (!name.IsScalar()) {
        problem(name, "a key must be a word");
        continue;
      }
      const std::string key = prefix.empty() ? name.Scalar() : prefix + "." + name.Scalar();
      if (!seen.insert(key).second) {
        problem(name, "'" + yamlScalar(key) + "' is there twice; keep one");
        continue;
      }
      entry(name, key, pair.second);
    }
  }

  void entry(const YAML::Node& name, const std::string& key, const YAML::Node& node) {
    const bool dotted = name.Scalar().find('.') != std::string::npos;
    const Setting* setting = schema_.find(key);
    if (dotted && setting != nullptr) {
      problem(name, "'" + key + "': write a section and its keys nested, not with a dot");
      layer_.broken.insert(key);
    } else if (setting != nullptr) {
      value(name, *setting, node);
    } else if (dotted || !schema_.isSection(key)) {
      problem(name, "unknown key '" + yamlScalar(key) + "': " + schema_.suggest(key));
    } else if (node.IsMap()) {
      section(node, key);
    } else if (!node.IsNull()) {
      problem(name, "'" + key + "' is a section: it must hold keys with values");
    }
  }

  void value(const YAML::Node& name, const Setting& setting, const YAML::Node& node) {
    auto read = setting.type == Type::List  ? list(setting, node)
                : setting.type == Type::Map ? map(setting, node)
                                            : scalar(setting, node);
    if (read) {
      layer_.given.insert_or_assign(setting.key, Given{std::move(*read), where(name), Origin::Yaml});
      return;
    }
    problem(name, read.error().message);
    layer_.broken.insert(setting.key);
  }

  Result<Value> scalar(const Setting& setting, const YAML::Node& node) {
    if (node.IsScalar()) return parseValue(setting, node.Scalar());
    return wrong(setting,
                 node.IsNull() ? "has no value; give one or leave it out" : "must be a single value");
  }

  Result<Value> list(const Setting& setting, const YAML::Node& node) {
    if (!node.IsNull() && !node.IsSequence()) return wrong(setting, "must be a list, like [a, b]");
    std::vector<std::string> items;
    for (const YAML::Node& item : node) {
      if (!item.IsScalar() || item.Scalar().empty()) return wrong(setting, "must be a list of single values");
      items.push_back(item.Scalar());
    }
    return listOf(setting, std::move(items));
  }

  Result<Value> map(const Setting& setting, const YAML::Node& node) {
    if (!node.IsNull() && !node.IsMap()) return wrong(setting, "must be keys with values, like {a: 1, b: 2}");
    StringMap items;
    for (const auto& pair : node) {
      const bool single = pair.first.IsScalar() && (pair.second.IsScalar() || pair.second.IsNull());
      if (!single) return wrong(setting, "must be keys with single values, like {a: 1, b: 2}");
      const std::string text = pair.second.IsNull() ? "" : pair.second.Scalar();
      if (!items.emplace(pair.first.Scalar(), text).second) {
        return nameTwice(setting, pair.first.Scalar());
      }
    }
    return Value(std::move(items));
  }

  static Error wrong(const Setting& setting, const std::string& rule) {
    return makeError(Code::InvalidArgument, "'" + setting.key + "' " + rule);
  }

  std::string where(const YAML::Node& node) const {
    return path_ + ":" + std::to_string(node.Mark().line + 1);
  }

  void problem(const YAML::Node& node, const std::string& what) {
    layer_.problems.push_back(where(node) + ": " + what);
  }

  const Schema& schema_;
  const std::string& path_;
  Layer& layer_;
};

}  // namespace

Layer readYamlFile(const Schema& schema, const std::string& path) {
  Layer layer;
  const auto text = readFile(path);
  if (!text) {
    layer.problems.push_back(text.error().message);
    return layer;
  }
  try {
    if (const auto second = secondDocument(*text)) {
      layer.problems.push_back(path + ":" + std::to_string(*second + 1) +
                               (isSeparator(*text, *second)
                                    ? ": a second document; there must be one, without a line --- between"
                                    : ": no valid YAML: what stands here belongs to no key"));
    } else {
      Reader(schema, path, layer).document(YAML::Load(*text));
    }
  } catch (const YAML::Exception& failure) {
    const std::string line = failure.mark.is_null() ? "" : ":" + std::to_string(failure.mark.line + 1);
    layer.problems.push_back(path + line + ": no valid YAML: " + failure.msg);
  }
  return layer;
}

}  // namespace berth::config
