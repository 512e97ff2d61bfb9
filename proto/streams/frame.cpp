#include "proto/streams/frame.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "proto/json/fields.hpp"

namespace berth::streams {
namespace {

using Json = nlohmann::json;

constexpr size_t kLongestUser = 255;
constexpr size_t kLongestMessage = 4096;

Error invalid(std::string message) { return makeError(Code::InvalidArgument, std::move(message)); }

uint16_t sizeMember(json::Fields& fields, std::string_view key) {
  const int64_t value = fields.integer(key, 1);
  if (value < 1 || value > 65535) fields.fault(key, "must be from 1 to 65535");
  return static_cast<uint16_t>(value);
}

bool isPlain(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; });
}

}  // namespace

Result<Frame> readFrame(std::string_view message) {
  if (message.empty()) return invalid("a frame has a byte for its channel: this message is empty");
  if (message.size() > kLongestFrame)
    return invalid("a frame has at most " + std::to_string(kLongestFrame) + " bytes: this one has " +
                   std::to_string(message.size()));
  const auto channel = static_cast<uint8_t>(message.front());
  if (channel > static_cast<uint8_t>(Channel::Lines))
    return invalid("there is no channel " + std::to_string(channel));
  return Frame{static_cast<Channel>(channel), message.substr(1)};
}

std::string makeFrame(Channel channel, std::string_view payload) {
  std::string out;
  out.reserve(payload.size() + 1);
  out += static_cast<char>(channel);
  out += payload;
  return out;
}

Result<TerminalSize> readSize(std::string_view payload) {
  const Result<Json> object = json::parseObject(payload, "resize");
  if (!object) return object.error();
  json::Fields fields(*object, "resize");
  TerminalSize out;
  for (const char* key : {"columns", "rows"})
    if (!fields.has(key)) fields.fault(key, "is missing");
  out.columns = sizeMember(fields, "columns");
  out.rows = sizeMember(fields, "rows");
  if (Status good = fields.status(); !good) return good.error();
  return out;
}

Result<Opening> readOpening(std::string_view payload) {
  const Result<Json> object = json::parseObject(payload, "open");
  if (!object) return object.error();
  constexpr std::string_view kKnown[] = {"token", "tty", "stdin", "user", "columns", "rows"};
  for (const auto& [key, value] : object->items())
    if (std::ranges::find(kKnown, key) == std::end(kKnown))
      return invalid("open: the member '" + key.substr(0, 100) +
                     "' is not known: use token, tty, stdin, user, columns, rows");
  json::Fields fields(*object, "open");
  Opening out;
  out.token = fields.requiredStr("token");
  out.tty = fields.boolean("tty");
  out.input = fields.boolean("stdin");
  out.user = fields.str("user");
  if (out.user.size() > kLongestUser || !isPlain(out.user))
    fields.fault("user", "must be NAME, UID, NAME:GROUP or UID:GID, of at most 255 characters");
  if (fields.has("columns") != fields.has("rows"))
    fields.fault("columns", "comes with rows, or neither comes");
  if (fields.has("columns") && fields.has("rows"))
    out.size = TerminalSize{sizeMember(fields, "columns"), sizeMember(fields, "rows")};
  if (Status good = fields.status(); !good) return good.error();
  return out;
}

std::string exitFrame(int exitCode) {
  return makeFrame(Channel::Exit, json::dump(Json{{"exitCode", exitCode}}));
}

Result<int> readExit(std::string_view payload) {
  const Result<Json> object = json::parseObject(payload, "exit");
  if (!object) return object.error();
  json::Fields fields(*object, "exit");
  const auto code = fields.optionalInteger("exitCode");
  if (Status good = fields.status(); !good) return good.error();
  if (!code || *code < INT32_MIN || *code > INT32_MAX) return invalid("exit: exitCode must be a number");
  return static_cast<int>(*code);
}

std::string errorFrame(const Failure& failure) {
  return makeFrame(Channel::Error, json::dump(Json{{"error", failure.type},
                                                   {"message", failure.message.substr(0, kLongestMessage)}}));
}

Result<Failure> readFailure(std::string_view payload) {
  const Result<Json> object = json::parseObject(payload, "error");
  if (!object) return object.error();
  json::Fields fields(*object, "error");
  Failure out;
  out.type = fields.requiredStr("error");
  out.message = fields.str("message");
  if (Status good = fields.status(); !good) return good.error();
  return out;
}

}  // namespace berth::streams
