#include "agent/resources/gpus.hpp"

#include <filesystem>
#include <fstream>
#include <string_view>

namespace berth::agent {
namespace {

constexpr std::string_view kBlanks = " \t";

/// What follows "KEY:" in a line of the file.
std::string valueIn(const std::filesystem::path& file, std::string_view key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::string_view text = line;
    if (!text.starts_with(key)) continue;
    text.remove_prefix(std::min(text.find(':'), text.size() - 1) + 1);
    const size_t begin = text.find_first_not_of(kBlanks);
    return begin == std::string_view::npos ? std::string() : std::string(text.substr(begin));
  }
  return {};
}

/// "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 ...": the first word of digits
/// and dots.
std::string versionIn(const std::string& text) {
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find_first_of(kBlanks, begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    const bool number = !word.empty() && word.find_first_not_of("0123456789.") == std::string::npos;
    if (number && word.find('.') != std::string::npos) return word;
    begin = end + 1;
  }
  return {};
}

}  // namespace

Gpus findGpus(const std::string& root) {
  Gpus out;
  std::error_code fault;
  for (const auto& entry : std::filesystem::directory_iterator(root + "/gpus", fault)) {
    std::string id = valueIn(entry.path() / "information", "GPU UUID");
    if (!id.empty()) out.ids.insert(std::move(id));
  }
  out.driverVersion = versionIn(valueIn(root + "/version", "NVRM version"));
  return out;
}

}  // namespace berth::agent
