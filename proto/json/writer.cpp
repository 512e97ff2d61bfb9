#include "proto/json/writer.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstring>

namespace berth::json {
namespace {

/// No character needs an escape. Without an early end, so that it is done sixteen at a time.
bool isPlain(std::string_view text) {
  bool plain = true;
  for (const char c : text) plain &= static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
  return plain;
}

}  // namespace

struct Writer::Impl {
  static constexpr size_t kMostTasks = 2048;  ///< bytes of most single tasks
  rapidjson::StringBuffer buffer{nullptr, kMostTasks};
  rapidjson::Writer<rapidjson::StringBuffer> out{buffer};

  /// Copies what is JSON already as the next name or value: RapidJSON would go byte by byte.
  void raw(std::string_view json, rapidjson::Type type) {
    out.RawValue("", 0, type);
    if (!json.empty()) std::memcpy(buffer.Push(json.size()), json.data(), json.size());
  }
  void text(std::string_view value) {
    if (!isPlain(value)) {
      out.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
      return;
    }
    out.RawValue("", 0, rapidjson::kStringType);
    char* to = buffer.Push(value.size() + 2);
    to[0] = '"';
    if (!value.empty()) std::memcpy(to + 1, value.data(), value.size());
    to[value.size() + 1] = '"';
  }
  void key(std::string_view name) { text(name); }
};

Writer::Writer() : impl_(std::make_unique<Impl>()) {}
Writer::~Writer() = default;

void Writer::openObject() { impl_->out.StartObject(); }
void Writer::text(std::string_view value) { impl_->text(value); }
void Writer::integer(int64_t value) { impl_->out.Int64(value); }

void Writer::openObject(std::string_view name) {
  impl_->key(name);
  impl_->out.StartObject();
}
void Writer::openList(std::string_view name) {
  impl_->key(name);
  impl_->out.StartArray();
}
void Writer::text(std::string_view name, std::string_view value) {
  impl_->key(name);
  impl_->text(value);
}
void Writer::integer(std::string_view name, int64_t value) {
  impl_->key(name);
  impl_->out.Int64(value);
}
void Writer::real(std::string_view name, double value) {
  impl_->key(name);
  impl_->out.Double(value);
}
void Writer::boolean(std::string_view name, bool value) {
  impl_->key(name);
  impl_->out.Bool(value);
}
void Writer::raw(std::string_view name, std::string_view json) {
  impl_->key(name);
  impl_->raw(json, rapidjson::kObjectType);
}

void Writer::closeObject() { impl_->out.EndObject(); }
void Writer::closeList() { impl_->out.EndArray(); }

std::string Writer::str() const { return {impl_->buffer.GetString(), impl_->buffer.GetSize()}; }

}  // namespace berth::json
