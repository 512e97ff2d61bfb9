// Archives for tests, entry by entry.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>

namespace berth::agent::layers {

struct Header {
  std::string name;
  char type = '0';
  std::string content{};
  std::string link{};
  int mode = 0644;
  int uid = 0;
  int gid = 0;
  int64_t time = 1'600'000'000;
  int major = 0;
  int minor = 0;
  int64_t size = -1;  ///< that it says; -1: that of the content
};

inline void put(std::string& block, size_t at, std::string_view text) {
  block.replace(at, text.size(), text);
}

inline std::string octal(uint64_t value, int digits) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%0*llo", digits, static_cast<unsigned long long>(value));
  return out.data();
}

inline std::string padded(std::string text) {
  text.resize((text.size() + 511) / 512 * 512, '\0');
  return text;
}

inline void sign(std::string& block) {
  put(block, 148, "        ");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(block, 148, octal(sum, 6) + std::string("\0 ", 2));
}

inline std::string headerOf(const Header& header) {
  std::string block(512, '\0');
  put(block, 0, std::string_view(header.name).substr(0, 100));
  put(block, 100, octal(static_cast<uint64_t>(header.mode), 7));
  put(block, 108, octal(static_cast<uint64_t>(header.uid), 7));
  put(block, 116, octal(static_cast<uint64_t>(header.gid), 7));
  const int64_t size = header.size >= 0 ? header.size : static_cast<int64_t>(header.content.size());
  put(block, 124, octal(static_cast<uint64_t>(size), 11));
  put(block, 136, octal(static_cast<uint64_t>(header.time), 11));
  block[156] = header.type;
  put(block, 157, std::string_view(header.link).substr(0, 100));
  put(block, 257, std::string_view("ustar\00000", 8));
  put(block, 329, octal(static_cast<uint64_t>(header.major), 7));
  put(block, 337, octal(static_cast<uint64_t>(header.minor), 7));
  sign(block);
  return block;
}

inline std::string entryOf(const Header& header) { return headerOf(header) + padded(header.content); }

/// An extended header for the entry that follows.
inline std::string paxOf(const std::map<std::string, std::string>& records) {
  std::string text;
  for (const auto& [key, value] : records) {
    const size_t rest = key.size() + value.size() + 3;
    size_t length = rest + 1;
    while (rest + std::to_string(length).size() != length) ++length;
    text += std::to_string(length) + " " + key + "=" + value + "\n";
  }
  return entryOf(Header{"PaxHeaders/x", 'x', text});
}

inline std::string archiveEnd() { return std::string(1024, '\0'); }

}  // namespace berth::agent::layers
