#include "proto/ssm/message.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/aws/crypto.hpp"
#include "proto/json/fields.hpp"

namespace berth::ssm {
namespace {

using Json = nlohmann::json;

constexpr size_t kTypeLength = 32;
constexpr size_t kIdLength = 16;
constexpr size_t kDigestLength = 32;
/// Up to the payload's length; that is what the header's own length says.
constexpr size_t kHeader = 4 + kTypeLength + 4 + 8 + 8 + 8 + kIdLength + kDigestLength + 4;
constexpr uint32_t kSchema = 1;
/// Those of Amazon's agents have such versions; the plugin compares them for forwarded ports alone.
constexpr const char* kAgentVersion = "3.0.0.0";

Error invalid(std::string message) { return makeError(Code::InvalidArgument, std::move(message)); }

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::string_view take(size_t count) {
    const std::string_view out = bytes_.substr(0, count);
    bytes_.remove_prefix(out.size());
    return out;
  }
  uint64_t number(size_t count) {
    uint64_t out = 0;
    for (const char byte : take(count)) out = out << 8 | static_cast<uint8_t>(byte);
    return out;
  }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

void putNumber(std::string& out, uint64_t value, size_t count) {
  for (size_t i = count; i-- > 0;) out += static_cast<char>(value >> (8 * i) & 0xff);
}

template <class Bytes>
void putBytes(std::string& out, const Bytes& bytes) {
  for (const auto byte : bytes) out += static_cast<char>(byte);
}

std::string_view withoutPadding(std::string_view text) {
  const size_t end = text.find_last_not_of(std::string_view(" \0", 2));
  return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

bool hasDigest(std::string_view payload, std::string_view digest) {
  const aws::Sha256 real = aws::sha256(payload);
  return std::ranges::equal(real, digest, {}, {}, [](char byte) { return static_cast<uint8_t>(byte); });
}

}  // namespace

Result<Message> readMessage(std::string_view bytes) {
  if (bytes.size() < kHeader + 4) {
    return invalid("a message has a header of " + std::to_string(kHeader + 4) + " bytes: this one has " +
                   std::to_string(bytes.size()));
  }
  Reader reader(bytes);
  const uint64_t header = reader.number(4);
  if (header != kHeader) {
    return invalid("a header says that it has " + std::to_string(kHeader) + " bytes: this one says " +
                   std::to_string(header));
  }
  Message out;
  out.type = withoutPadding(reader.take(kTypeLength));
  reader.number(4);
  out.created = static_cast<int64_t>(reader.number(8));
  out.sequence = static_cast<int64_t>(reader.number(8));
  out.flags = reader.number(8);
  std::ranges::copy(reader.take(kIdLength), out.id.begin());
  const std::string_view digest = reader.take(kDigestLength);
  out.payloadType = static_cast<PayloadType>(reader.number(4));
  const uint64_t length = reader.number(4);
  if (length != reader.rest().size()) {
    return invalid("the payload has " + std::to_string(reader.rest().size()) + " bytes: the header says " +
                   std::to_string(length));
  }
  out.payload = reader.rest();
  if (!out.payload.empty() && !hasDigest(out.payload, digest))
    return invalid("the payload has another digest than the header says");
  return out;
}

std::string makeMessage(const Message& message) {
  std::string out;
  out.reserve(kHeader + 4 + message.payload.size());
  putNumber(out, kHeader, 4);
  std::string type = message.type.substr(0, kTypeLength);
  type.resize(kTypeLength, ' ');
  out += type;
  putNumber(out, kSchema, 4);
  putNumber(out, static_cast<uint64_t>(message.created), 8);
  putNumber(out, static_cast<uint64_t>(message.sequence), 8);
  putNumber(out, message.flags, 8);
  putBytes(out, message.id);
  putBytes(out, aws::sha256(message.payload));
  putNumber(out, static_cast<uint32_t>(message.payloadType), 4);
  putNumber(out, message.payload.size(), 4);
  return out + message.payload;
}

std::string idText(const std::array<uint8_t, 16>& id) {
  // On the wire the second half comes first.
  std::array<uint8_t, 16> ordered{};
  std::ranges::rotate_copy(id, id.begin() + 8, ordered.begin());
  std::string out = aws::hexEncode(ordered);
  for (const size_t place : {20, 16, 12, 8}) out.insert(place, 1, '-');
  return out;
}

std::string acknowledgementOf(const Message& message) {
  return json::dump(Json{{"AcknowledgedMessageType", message.type},
                         {"AcknowledgedMessageId", idText(message.id)},
                         {"AcknowledgedMessageSequenceNumber", message.sequence},
                         {"IsSequentialMessage", true}});
}

Result<int64_t> readAcknowledgement(std::string_view payload) {
  const Result<Json> object = json::parseObject(payload, "acknowledge");
  if (!object) return object.error();
  json::Fields fields(*object, "acknowledge");
  const int64_t out = fields.integer("AcknowledgedMessageSequenceNumber", -1);
  if (out < 0) fields.fault("AcknowledgedMessageSequenceNumber", "must be a number from 0 on");
  if (Status good = fields.status(); !good) return good.error();
  return out;
}

bool isOpening(std::string_view message) { return message.starts_with('{'); }

Result<std::string> readOpening(std::string_view message) {
  const Result<Json> object = json::parseObject(message, "the plugin's first message");
  if (!object) return invalid("the plugin's first message is no JSON object");
  json::Fields fields(*object, "the plugin's first message");
  std::string token = fields.requiredStr("TokenValue");
  if (Status good = fields.status(); !good) return good.error();
  return token;
}

std::string handshakeRequest() {
  const Json type{{"SessionType", "InteractiveCommands"}, {"Properties", Json::object()}};
  const Json action{{"ActionType", "SessionType"}, {"ActionParameters", type}};
  return json::dump(Json{{"AgentVersion", kAgentVersion}, {"RequestedClientActions", Json::array({action})}});
}

Status readHandshakeResponse(std::string_view payload) {
  const Result<Json> object = json::parseObject(payload, "handshake");
  if (!object) return object.error();
  const auto errors = object->find("Errors");
  if (errors == object->end() || !errors->is_array() || errors->empty()) return {};
  const Json& first = errors->front();
  return makeError(Code::FailedPrecondition,
                   "the plugin refuses the session: " + (first.is_string() ? first.get<std::string>() : ""));
}

std::string handshakeComplete() {
  return json::dump(Json{{"HandshakeTimeToComplete", 1}, {"CustomerMessage", ""}});
}

Result<streams::TerminalSize> readSize(std::string_view payload) {
  const Result<Json> object = json::parseObject(payload, "size");
  if (!object) return object.error();
  json::Fields fields(*object, "size");
  const auto member = [&fields](const char* key) {
    const int64_t value = fields.integer(key, 0);
    if (value < 1 || value > 65535) fields.fault(key, "must be from 1 to 65535");
    return static_cast<uint16_t>(value);
  };
  const streams::TerminalSize out{member("cols"), member("rows")};
  if (Status good = fields.status(); !good) return good.error();
  return out;
}

std::string channelClosed(std::string_view session, std::string_view words, std::string_view id,
                          WallTime now) {
  return json::dump(Json{{"MessageId", id},
                         {"CreatedDate", std::to_string(toEpochMillis(now))},
                         {"DestinationId", session},
                         {"SessionId", session},
                         {"MessageType", kChannelClosed},
                         {"SchemaVersion", kSchema},
                         {"Output", words}});
}

}  // namespace berth::ssm
