// DNS messages as values, as far as an authoritative server of one zone needs them (RFC 1034, 1035, 2782,
// 6891).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/text/ip_address.hpp"

namespace berth::controller::dns {

/// A name's labels as they came, without the root's: any bytes may stand in one.
using Labels = std::vector<std::string>;

/// Types and classes that are told apart here; others are just numbers.
namespace type {
inline constexpr uint16_t kA = 1;
inline constexpr uint16_t kNs = 2;
inline constexpr uint16_t kSoa = 6;
inline constexpr uint16_t kAaaa = 28;
inline constexpr uint16_t kSrv = 33;
inline constexpr uint16_t kFirstMeta =
    128;  ///< RFC 6895, section 3.1: from here to 255, TKEY and ANY among them
inline constexpr uint16_t kAny = 255;
}  // namespace type
inline constexpr uint16_t kInternet = 1;

enum class Rcode : uint8_t {
  NoError = 0,
  FormatError = 1,
  NoSuchName = 3,
  NotImplemented = 4,
  Refused = 5,
  BadVersion = 16
};

struct Question {
  Labels name;
  uint16_t type = 0;
  uint16_t klass = 0;
};

struct Edns {
  uint16_t udpSize = 512;  ///< what the asker can take
  uint8_t version = 0;
};

/// What a client has asked.
struct Query {
  uint16_t id = 0;
  uint8_t opcode = 0;
  bool recursionDesired = false;
  std::optional<Question> question;
  std::optional<Edns> edns;
  Rcode fault = Rcode::NoError;  ///< what is wrong with it by itself
};

struct Srv {
  uint16_t port = 0;
  Labels target;
};
struct Ns {
  Labels server;
};
struct Soa {
  Labels server;
  Labels mailbox;
  uint32_t serial = 0;
  uint32_t negativeTtl = 0;
};

struct Record {
  Labels owner;
  uint32_t ttl = 0;
  std::variant<IpAddress, Srv, Ns, Soa> data;
};

struct Reply {
  Query to;
  Rcode rcode = Rcode::NoError;
  bool authoritative = false;
  std::vector<Record> answers;
  std::vector<Record> authority;
  std::vector<Record> additional;
};

}  // namespace berth::controller::dns
