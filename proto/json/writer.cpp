#include "proto/json/writer.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace berth::json {

struct Writer::Impl {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> out{buffer};

  void key(std::string_view name) { out.Key(name.data(), static_cast<rapidjson::SizeType>(name.size())); }
  void text(std::string_view value) {
    out.String(value.empty() ? "" : value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }
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

void Writer::closeObject() { impl_->out.EndObject(); }
void Writer::closeList() { impl_->out.EndArray(); }

std::string Writer::str() const { return {impl_->buffer.GetString(), impl_->buffer.GetSize()}; }

}  // namespace berth::json
