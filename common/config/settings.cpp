#include "common/config/settings.hpp"

#include <utility>

#include "common/config/bug.hpp"
#include "common/config/value.hpp"

namespace berth::config {
namespace {

/// Writes the keys below `prefix`, the sections among them in the place of their first key.
void describeSection(const Schema& schema, const std::map<std::string, Given, std::less<>>& given,
                     const std::string& prefix, const std::string& indent, std::string& out) {
  std::set<std::string> sections;
  for (const Setting& setting : schema.settings()) {
    if (!setting.key.starts_with(prefix)) continue;
    const std::string rest = setting.key.substr(prefix.size());
    if (const size_t dot = rest.find('.'); dot != std::string::npos) {
      const std::string name = rest.substr(0, dot);
      if (!sections.insert(name).second) continue;
      out += indent + name + ":\n";
      describeSection(schema, given, prefix + name + ".", indent + "  ", out);
      continue;
    }
    const auto found = given.find(setting.key);
    if (found == given.end()) {
      out += indent + "# " + rest + ": not set\n";
      continue;
    }
    const auto& [value, source, origin] = found->second;
    out += indent + rest + ": " + (setting.isSecret ? "\"***\"" : formatValue(setting, value)) + "  # " +
           source + "\n";
  }
}

}  // namespace

Settings::Settings(std::shared_ptr<const Schema> schema, std::map<std::string, Given> given)
    : schema_(std::move(schema)) {
  for (auto& [key, one] : given) {
    if (schema_->find(key) == nullptr) bug(key, "is not declared");
    given_.emplace(key, std::move(one));
  }
}

Settings::Settings(Schema schema, std::map<std::string, Given> given)
    : Settings(std::make_shared<const Schema>(std::move(schema)), std::move(given)) {}

const Given* Settings::find(std::string_view key) const {
  if (schema_->find(key) == nullptr) bug(key, "is not declared");
  const auto found = given_.find(key);
  return found == given_.end() ? nullptr : &found->second;
}

bool Settings::has(std::string_view key) const { return find(key) != nullptr; }

std::string Settings::source(std::string_view key) const {
  const Given* given = find(key);
  return given == nullptr ? std::string() : given->source;
}

Origin Settings::origin(std::string_view key) const {
  const Given* given = find(key);
  return given == nullptr ? Origin::Default : given->origin;
}

bool Settings::same(const Settings& other, std::string_view key) const {
  const Given* mine = find(key);
  const Given* others = other.find(key);
  if (mine == nullptr || others == nullptr) return mine == others;
  return mine->value == others->value;
}

Settings Settings::withLive(const Settings& other) const {
  Settings merged = *this;
  for (const Setting& setting : schema_->settings()) {
    if (!setting.isLive) continue;
    if (const Given* given = other.find(setting.key)) {
      merged.given_.insert_or_assign(setting.key, *given);
    } else {
      merged.given_.erase(setting.key);
    }
  }
  return merged;
}

template <class T>
const T& Settings::get(std::string_view key) const {
  const Given* given = find(key);
  if (given == nullptr) bug(key, "has no value; ask has() first");
  const T* value = std::get_if<T>(&given->value);
  if (value == nullptr) bug(key, "is of another type");
  return *value;
}

const std::string& Settings::string(std::string_view key) const { return get<std::string>(key); }
int64_t Settings::integer(std::string_view key) const { return get<int64_t>(key); }
bool Settings::boolean(std::string_view key) const { return get<bool>(key); }
Duration Settings::duration(std::string_view key) const { return get<Duration>(key); }

const std::vector<std::string>& Settings::list(std::string_view key) const {
  static const std::vector<std::string> kNone;
  return has(key) ? get<std::vector<std::string>>(key) : kNone;
}

const StringMap& Settings::map(std::string_view key) const {
  static const StringMap kNone;
  return has(key) ? get<StringMap>(key) : kNone;
}

std::string Settings::describe() const {
  std::string text;
  describeSection(*schema_, given_, "", "", text);
  return text;
}

}  // namespace berth::config
