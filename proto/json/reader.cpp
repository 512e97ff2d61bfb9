#include "proto/json/reader.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace berth::json {
namespace {

using Json = nlohmann::json;

/// Digits that any number of a type has room for.
constexpr std::ptrdiff_t kMostDigits = 18;

class Reader {
 public:
  Reader(std::string_view text, int depth)
      : at_(text.data()), end_(text.data() + text.size()), depth_left_(depth) {}

  bool whole(Json& out) {
    if (!value(out)) return false;
    skipSpace();
    return at_ == end_;
  }

 private:
  bool value(Json& out) {
    skipSpace();
    if (at_ == end_) return false;
    switch (*at_) {
      case '{':
        return depth_left_ > 0 && object(out);
      case '[':
        return depth_left_ > 0 && list(out);
      case '"': {
        const auto text = string();
        if (text) out = std::string(*text);
        return text.has_value();
      }
      case 't':
        out = true;
        return word("true");
      case 'f':
        out = false;
        return word("false");
      case 'n':
        out = nullptr;
        return word("null");
      default:
        return number(out);
    }
  }

  bool object(Json& out) {
    ++at_;
    --depth_left_;
    out = Json::object();
    auto& members = *out.get_ptr<Json::object_t*>();
    if (!next('}')) {
      do {
        skipSpace();
        const auto name = string();
        // Of a name that comes twice, the last value counts.
        if (!name || !next(':') || !value(members[std::string(*name)])) return false;
      } while (next(','));
      if (!next('}')) return false;
    }
    ++depth_left_;
    return true;
  }

  bool list(Json& out) {
    ++at_;
    --depth_left_;
    out = Json::array();
    auto& elements = *out.get_ptr<Json::array_t*>();
    if (!next(']')) {
      do {
        if (!value(elements.emplace_back())) return false;
      } while (next(','));
      if (!next(']')) return false;
    }
    ++depth_left_;
    return true;
  }

  std::optional<std::string_view> string() {
    if (at_ == end_ || *at_ != '"') return std::nullopt;
    const char* const begin = ++at_;
    while (at_ != end_ && *at_ != '"') {
      const auto byte = static_cast<unsigned char>(*at_);
      if (byte < 0x20 || byte >= 0x80 || byte == '\\') return std::nullopt;
      ++at_;
    }
    if (at_ == end_) return std::nullopt;
    return std::string_view(begin, static_cast<size_t>(at_++ - begin));
  }

  bool number(Json& out) {
    const char* const begin = at_;
    const bool negative = *at_ == '-';
    if (negative) ++at_;
    const char* const whole = at_;
    skipDigits();
    const std::ptrdiff_t digits = at_ - whole;
    if (digits == 0 || digits > kMostDigits || (*whole == '0' && digits > 1)) return false;
    if (at_ != end_ && *at_ == '.') return real(out, begin);
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) return false;
    int64_t read = 0;
    std::from_chars(begin, at_, read);
    // The library tells signed numbers from others, by the sign that is written.
    if (negative) {
      out = read;
    } else {
      out = static_cast<uint64_t>(read);
    }
    return true;
  }

  bool real(Json& out, const char* begin) {
    const char* const fraction = ++at_;
    skipDigits();
    const std::ptrdiff_t digits = at_ - fraction;
    if (digits == 0 || digits > kMostDigits) return false;
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) return false;
    double read = 0;
    std::from_chars(begin, at_, read);
    out = read;
    return true;
  }

  bool word(std::string_view expected) {
    if (!std::string_view(at_, static_cast<size_t>(end_ - at_)).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }

  /// Whether that comes next; it is passed then.
  bool next(char expected) {
    skipSpace();
    if (at_ == end_ || *at_ != expected) return false;
    ++at_;
    return true;
  }

  void skipSpace() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  void skipDigits() {
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
  }

  const char* at_;
  const char* const end_;
  int depth_left_;
};

}  // namespace

bool readPlain(std::string_view text, int mostDepth, nlohmann::json& out) {
  return Reader(text, mostDepth).whole(out);
}

}  // namespace berth::json
