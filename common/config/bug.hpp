// Misuse by a program, which no configuration can cause: said on standard error, then the end.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace berth::config {

[[noreturn]] inline void bug(std::string_view key, std::string_view what) {
  std::fprintf(stderr, "bug in the settings: '%s' %s\n", std::string(key).c_str(), std::string(what).c_str());
  std::abort();
}

}  // namespace berth::config
