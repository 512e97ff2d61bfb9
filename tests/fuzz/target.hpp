// A fuzz target: one function that gets bytes from outside. The fuzz preset makes a libFuzzer program of
// each; in every other build one program, fuzz_replay, has them all and plays the corpus with changes (see
// replay.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth::fuzz {

using Function = void (*)(std::string_view input);

struct Target {
  std::string_view name;
  Function run;
};

/// Those that are linked in.
std::vector<Target>& targets();

/// Ends the program with `rule` and the input's `detail` when the rule does not hold.
void require(bool holds, std::string_view rule, std::string_view detail = {});

/// Takes a line off the front of `rest`, without its end.
std::string_view takeLine(std::string_view& rest);
/// Takes what stands before the next line "----" off the front of `rest`, and that line.
std::string_view takePart(std::string_view& rest);

}  // namespace berth::fuzz

/// BERTH_FUZZ_TARGET(name) { ... uses `input` ... }
#ifdef BERTH_LIBFUZZER
#define BERTH_FUZZ_TARGET(name)                                                                 \
  static void name##Target(std::string_view input);                                             \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {                     \
    name##Target(std::string_view(size == 0 ? "" : reinterpret_cast<const char*>(data), size)); \
    return 0;                                                                                   \
  }                                                                                             \
  static void name##Target(std::string_view input)
#else
#define BERTH_FUZZ_TARGET(name)                                                                 \
  static void name##Target(std::string_view input);                                             \
  static const auto& name##Entry = ::berth::fuzz::targets().emplace_back(#name, &name##Target); \
  static void name##Target(std::string_view input)
#endif
