#include "proto/json/reader.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/text/letter_case.hpp"

namespace berth::json {
namespace {

using Json = nlohmann::json;

using Paths = std::vector<std::string_view>;

/// What is wanted of a member: nullopt for nothing, no path for all of it.
std::optional<Paths> wantedOf(std::string_view key, const Paths& paths) {
  if (paths.empty()) return Paths();
  Paths inside;
  for (const std::string_view path : paths) {
    const size_t dot = std::min(path.find('.'), path.size());
    if (!equalsIgnoreCase(path.substr(0, dot), key)) continue;
    if (dot == path.size()) return Paths();
    inside.push_back(path.substr(dot + 1));
  }
  if (inside.empty()) return std::nullopt;
  return inside;
}

/// Makes the tree, as nlohmann/json would have it.
class Tree {
 public:
  Tree(Json& root, int mostDepth, const Paths& members)
      : root_(root), depthLeft_(mostDepth), next_(members) {}

  bool Null() { return put(nullptr); }
  bool Bool(bool value) { return put(value); }
  // nlohmann/json tells signed numbers from others by the sign that is written.
  bool Int(int value) { return put(int64_t{value}); }
  bool Uint(unsigned value) { return put(uint64_t{value}); }
  bool Int64(int64_t value) { return put(value); }
  bool Uint64(uint64_t value) { return put(value); }
  bool Double(double value) { return put(value); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; }
  bool String(const char* text, rapidjson::SizeType size, bool) { return put(std::string_view(text, size)); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (skipped_ > 0) return true;
    auto wanted = wantedOf({text, size}, open_.back().members);
    skipsNext_ = !wanted;
    if (skipsNext_) return true;
    next_ = std::move(*wanted);
    // Of a name that comes twice, the last value counts.
    member_ = &(*open_.back().value->get_ptr<Json::object_t*>())[std::string(text, size)];
    return true;
  }
  bool StartObject() { return enter(Json::value_t::object); }
  bool EndObject(rapidjson::SizeType) { return leave(); }
  bool StartArray() { return enter(Json::value_t::array); }
  bool EndArray(rapidjson::SizeType) { return leave(); }

 private:
  struct Level {
    Json* value;
    Paths members;  ///< wanted of it; none: all
  };

  Json& place() {
    if (open_.empty()) return root_;
    if (auto* elements = open_.back().value->get_ptr<Json::array_t*>()) return elements->emplace_back();
    return *member_;
  }
  template <class Value>
  bool put(Value value) {
    if (skipped_ == 0 && !std::exchange(skipsNext_, false)) place() = value;
    return true;
  }
  bool enter(Json::value_t kind) {
    if (depthLeft_ == 0) return false;
    --depthLeft_;
    if (skipped_ > 0 || std::exchange(skipsNext_, false)) return ++skipped_ > 0;
    Json& at = place();
    at = Json(kind);
    // All of a list, as of what is in it.
    open_.push_back({&at, kind == Json::value_t::object ? std::exchange(next_, {}) : Paths()});
    next_.clear();
    return true;
  }
  bool leave() {
    ++depthLeft_;
    if (skipped_ > 0) {
      --skipped_;
    } else {
      open_.pop_back();
    }
    return true;
  }

  Json& root_;
  int depthLeft_;
  /// Those that are open stay where they are: their lists and objects grow only once they are closed.
  std::vector<Level> open_;
  Json* member_ = nullptr;
  Paths next_;  ///< wanted of the value that comes
  bool skipsNext_ = false;
  int skipped_ = 0;  ///< open ones that nobody wants
};

}  // namespace

bool readFast(std::string_view text, int mostDepth, nlohmann::json& out,
              const std::vector<std::string_view>& members) {
  // RapidJSON takes half of a surrogate pair for a character.
  if (text.find("\\u") != std::string_view::npos) return false;
  constexpr unsigned kFlags = rapidjson::kParseFullPrecisionFlag | rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseStopWhenDoneFlag;
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::Reader reader;
  Tree tree(out, mostDepth, members);
  if (!reader.Parse<kFlags>(stream, tree)) return false;
  return text.find_first_not_of(" \n\t\r", stream.Tell()) == std::string_view::npos;
}

}  // namespace berth::json
