#include "agent/keeper/folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "common/files/own_fd.hpp"
#include "common/text/number.hpp"

namespace berth::agent::keeper {
namespace {

constexpr size_t kSmall = 4096;
constexpr int64_t kMostFiles = 1000;
constexpr int kPipeBytes = 256 << 10;

/// The value of "KEY VALUE" on a line of its own.
std::optional<std::string_view> valueOf(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ')
      return line.substr(key.size() + 1);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return std::nullopt;
}

template <class T>
std::optional<T> numberOf(std::string_view text, std::string_view key) {
  const auto found = valueOf(text, key);
  return found ? parseNumber<T>(*found) : std::nullopt;
}

}  // namespace

void makeRoom(int pipe) {
  if (::fcntl(pipe, F_GETPIPE_SZ) < kPipeBytes) (void)::fcntl(pipe, F_SETPIPE_SZ, kPipeBytes);
}

std::string encodeWanted(const Wanted& wanted) {
  return "run " + wanted.run + "\nmax-bytes " + std::to_string(wanted.maxBytes) + "\nmax-files " +
         std::to_string(wanted.maxFiles) + "\nended " + (wanted.ended ? "1" : "0") + "\n";
}

std::optional<Wanted> decodeWanted(std::string_view text) {
  const auto run = valueOf(text, "run");
  const auto bytes = numberOf<int64_t>(text, "max-bytes");
  const auto files = numberOf<int64_t>(text, "max-files");
  const auto ended = valueOf(text, "ended");
  if (!run || !bytes || !files || !ended || *bytes < 1 || *files < 1) return std::nullopt;
  return Wanted{std::string(*run), *bytes, *files, *ended == "1"};
}

std::string encodeDrops(const Drops& drops) {
  std::array<char, 80> out{};
  const int count = std::snprintf(out.data(), out.size(), "lines %020llu\nbytes %020llu\n",
                                  static_cast<unsigned long long>(drops.lines),
                                  static_cast<unsigned long long>(drops.bytes));
  return {out.data(), static_cast<size_t>(count)};
}

Drops decodeDrops(std::string_view text) {
  return {numberOf<uint64_t>(text, "lines").value_or(0), numberOf<uint64_t>(text, "bytes").value_or(0)};
}

std::string rotated(const std::string& newest, int64_t number) {
  return number == 0 ? newest : newest + "." + std::to_string(number);
}

int64_t rotations(const std::string& newest) {
  int64_t number = 1;
  while (number < kMostFiles && ::access(rotated(newest, number).c_str(), F_OK) == 0) ++number;
  return number - 1;
}

std::string readSmallFile(const std::string& path) {
  const OwnFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  std::array<char, kSmall> text{};
  const ssize_t count = file ? ::read(file.get(), text.data(), text.size()) : 0;
  return count > 0 ? std::string(text.data(), static_cast<size_t>(count)) : std::string();
}

bool replaceFile(const std::string& path, std::string_view text) {
  const std::string next = path + ".new";
  const OwnFd file(::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return false;
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return false;
  return ::rename(next.c_str(), path.c_str()) == 0;
}

}  // namespace berth::agent::keeper
