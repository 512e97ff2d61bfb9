#include "common/config/schema.hpp"

#include <algorithm>
#include <utility>

#include "common/config/bug.hpp"
#include "common/config/suggest.hpp"
#include "common/config/value.hpp"

namespace berth::config {
namespace {

Setting make(Type type, std::string key, std::string doc) {
  Setting setting;
  setting.key = std::move(key);
  setting.type = type;
  setting.doc = std::move(doc);
  return setting;
}

/// Lower case, digits and single underscores in parts that dots separate: what maps to one variable name and
/// back.
bool isKey(std::string_view key) {
  char before = '.';
  for (char c : key) {
    const bool letter = c >= 'a' && c <= 'z';
    const bool digit = c >= '0' && c <= '9';
    const bool mark = c == '_' || c == '.';
    if (!letter && !digit && !mark) return false;
    if (!letter && before == '.') return false;
    if (mark && before == '_') return false;
    before = c;
  }
  return before != '.' && before != '_';
}

std::string_view lastPart(std::string_view key) { return key.substr(key.rfind('.') + 1); }

}  // namespace

Setting Setting::between(int64_t lowest, int64_t highest) const {
  Setting copy = *this;
  copy.least = lowest;
  copy.most = highest;
  return copy;
}

Setting Setting::between(berth::Duration lowest, berth::Duration highest) const {
  return between(int64_t{lowest.count()}, int64_t{highest.count()});
}

Setting Setting::byDefault(std::string text) const {
  Setting copy = *this;
  copy.fallback = std::move(text);
  return copy;
}

Setting Setting::required() const {
  Setting copy = *this;
  copy.isRequired = true;
  return copy;
}

Setting Setting::secret() const {
  Setting copy = *this;
  copy.isSecret = true;
  return copy;
}

Setting Setting::matching(bool (*fitting)(std::string_view), std::string ruleText) const {
  Setting copy = *this;
  copy.fits = fitting;
  copy.rule = std::move(ruleText);
  return copy;
}

Setting Setting::live() const {
  Setting copy = *this;
  copy.isLive = true;
  return copy;
}

Setting Setting::from(Alias alias) const {
  Setting copy = *this;
  copy.aliases.push_back(std::move(alias));
  return copy;
}

Setting string(std::string key, std::string doc) {
  return make(Type::String, std::move(key), std::move(doc));
}
Setting path(std::string key, std::string doc) { return make(Type::Path, std::move(key), std::move(doc)); }
Setting choice(std::string key, std::vector<std::string> choices, std::string doc) {
  Setting setting = make(Type::Choice, std::move(key), std::move(doc));
  setting.choices = std::move(choices);
  return setting;
}
Setting integer(std::string key, std::string doc) {
  return make(Type::Integer, std::move(key), std::move(doc));
}
Setting boolean(std::string key, std::string doc) {
  return make(Type::Boolean, std::move(key), std::move(doc));
}
Setting duration(std::string key, std::string doc) {
  return make(Type::Duration, std::move(key), std::move(doc));
}
Setting size(std::string key, std::string doc) { return make(Type::Size, std::move(key), std::move(doc)); }
Setting list(std::string key, std::string doc) { return make(Type::List, std::move(key), std::move(doc)); }
Setting map(std::string key, std::string doc) { return make(Type::Map, std::move(key), std::move(doc)); }

Schema::Schema(std::vector<Setting> settings) : settings_(std::move(settings)) {
  for (const Setting& setting : settings_) {
    if (!isKey(setting.key)) bug(setting.key, "is no dotted snake_case key");
    if (std::ranges::count(settings_, setting.key, &Setting::key) > 1) bug(setting.key, "is declared twice");
    if (isSection(setting.key)) bug(setting.key, "is a section of other keys");
    if (setting.fallback && setting.isRequired) bug(setting.key, "is required and has a default");
    if (std::ranges::any_of(setting.aliases, [](const Alias& alias) { return alias.translate == nullptr; }))
      bug(setting.key, "has an alias without a translator");
    if (!setting.fallback) continue;
    if (const auto parsed = parseValue(setting, *setting.fallback); !parsed)
      bug(setting.key, parsed.error().message);
  }
}

const Setting* Schema::find(std::string_view key) const {
  const auto found = std::ranges::find(settings_, key, &Setting::key);
  return found == settings_.end() ? nullptr : &*found;
}

bool Schema::isSection(std::string_view prefix) const {
  return prefix.empty() || std::ranges::any_of(settings_, [&](const Setting& setting) {
           return setting.key.size() > prefix.size() && setting.key.starts_with(prefix) &&
                  setting.key[prefix.size()] == '.';
         });
}

std::string Schema::suggest(std::string_view unknownKey) const {
  std::vector<std::string> candidates;
  std::string all;
  for (const Setting& setting : settings_) {
    const std::string& key = setting.key;
    for (size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', dot + 1)) {
      candidates.push_back(key.substr(0, dot));
    }
    candidates.push_back(key);
    all += (all.empty() ? "" : ", ") + key;
  }
  if (const auto near = nearest(unknownKey, candidates)) return "did you mean '" + *near + "'?";
  // The right name in the wrong section.
  for (const Setting& setting : settings_) {
    if (lastPart(setting.key) == lastPart(unknownKey)) return "did you mean '" + setting.key + "'?";
  }
  return "remove it; the keys are " + all;
}

}  // namespace berth::config
