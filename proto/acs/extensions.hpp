// What a command session carries beyond Amazon's protocol. The agent names what it has in a header of its
// websocket's handshake, the controller's answer names under the same header what it takes of that. A side
// that names nothing is sent nothing: Amazon's agent and service know no such header.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace berth::acs {

inline constexpr const char* kExtensionsHeader = "Berth-Extensions";

enum class Extension : uint8_t {
  Reports,  ///< "reports": states of tasks in ReportsMessages, which are answered by ReportsAcks
  Exec,     ///< "exec": an OpenStreamMessage may ask for a command in a container
  Logs,     ///< "logs": likewise for what containers have written
};

/// A set of them.
class Extensions {
 public:
  Extensions() = default;
  Extensions(std::initializer_list<Extension> extensions) {
    for (const Extension extension : extensions) bits_ |= bitOf(extension);
  }

  /// A header's value: names without regard to case, apart by commas, with blanks around them or without.
  /// Names that aren't known are left out.
  static Extensions parse(std::string_view header);
  /// "reports"; empty for none.
  std::string render() const;

  bool has(Extension extension) const { return (bits_ & bitOf(extension)) != 0; }
  bool empty() const { return bits_ == 0; }
  /// Those that are in both.
  Extensions operator&(Extensions other) const {
    Extensions out;
    out.bits_ = bits_ & other.bits_;
    return out;
  }
  bool operator==(const Extensions&) const = default;

 private:
  static uint32_t bitOf(Extension extension) { return uint32_t{1} << static_cast<uint32_t>(extension); }

  uint32_t bits_ = 0;
};

}  // namespace berth::acs
