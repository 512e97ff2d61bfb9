#include "proto/streams/log_line.hpp"

#include <nlohmann/json.hpp>

#include "proto/json/fields.hpp"

namespace berth::streams {
namespace {

std::string asJson(std::string_view text) { return json::dump(std::string(text)); }

}  // namespace

std::string renderLogLine(std::string_view container, const LogLine& line) {
  // By hand: people read the members in this order.
  std::string out = "{";
  if (!line.time.empty()) out += "\"time\":" + asJson(line.time) + ",";
  out += "\"container\":" + asJson(container) + ",\"stream\":\"" + (line.isStderr ? "stderr" : "stdout") +
         "\",\"line\":" + asJson(line.text);
  if (line.partial) out += ",\"partial\":true";
  return out + "}\n";
}

}  // namespace berth::streams
