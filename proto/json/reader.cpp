#include "proto/json/reader.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace berth::json {
namespace {

using Json = nlohmann::json;

/// Makes the tree, as nlohmann/json would have it.
class Tree {
 public:
  Tree(Json& root, int mostDepth) : root_(root), depthLeft_(mostDepth) {}

  bool Null() { return put(nullptr); }
  bool Bool(bool value) { return put(value); }
  // nlohmann/json tells signed numbers from others by the sign that is written.
  bool Int(int value) { return put(int64_t{value}); }
  bool Uint(unsigned value) { return put(uint64_t{value}); }
  bool Int64(int64_t value) { return put(value); }
  bool Uint64(uint64_t value) { return put(value); }
  bool Double(double value) { return put(value); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; }
  bool String(const char* text, rapidjson::SizeType size, bool) { return put(std::string(text, size)); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    // Of a name that comes twice, the last value counts.
    member_ = &(*open_.back()->get_ptr<Json::object_t*>())[std::string(text, size)];
    return true;
  }
  bool StartObject() { return enter(Json::object()); }
  bool EndObject(rapidjson::SizeType) { return leave(); }
  bool StartArray() { return enter(Json::array()); }
  bool EndArray(rapidjson::SizeType) { return leave(); }

 private:
  Json& place() {
    if (open_.empty()) return root_;
    if (auto* elements = open_.back()->get_ptr<Json::array_t*>()) return elements->emplace_back();
    return *member_;
  }
  template <class Value>
  bool put(Value value) {
    place() = std::move(value);
    return true;
  }
  bool enter(Json empty) {
    if (depthLeft_ == 0) return false;
    --depthLeft_;
    Json& at = place();
    at = std::move(empty);
    open_.push_back(&at);
    return true;
  }
  bool leave() {
    ++depthLeft_;
    open_.pop_back();
    return true;
  }

  Json& root_;
  int depthLeft_;
  /// Those that are open stay where they are: their lists and objects grow only once they are closed.
  std::vector<Json*> open_;
  Json* member_ = nullptr;
};

}  // namespace

bool readFast(std::string_view text, int mostDepth, nlohmann::json& out) {
  // RapidJSON takes half of a surrogate pair for a character.
  if (text.find("\\u") != std::string_view::npos) return false;
  constexpr unsigned kFlags = rapidjson::kParseFullPrecisionFlag | rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseStopWhenDoneFlag;
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::Reader reader;
  Tree tree(out, mostDepth);
  if (!reader.Parse<kFlags>(stream, tree)) return false;
  return text.find_first_not_of(" \n\t\r", stream.Tell()) == std::string_view::npos;
}

}  // namespace berth::json
