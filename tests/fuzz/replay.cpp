// fuzz_replay TARGET CORPUS: runs a target's function over the files of its corpus and over changes of them
// that come from a fixed seed, so that each run of the tests exercises what the fuzzers do.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "common/ids/random.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using berth::SeededRandom;
using Corpus = std::vector<std::string>;

constexpr int kMutations = 2000;
constexpr uint64_t kSeed = 20240629;
constexpr size_t kLongest = 1 << 16;

std::string current;  ///< the input under way, for whoever has to find out why it crashed

void printCurrent(int sign) {
  constexpr char kHex[] = "0123456789abcdef";
  auto put = [](const char* text, size_t size) {
    // Nothing more can be done about a failed write here.
    if (::write(STDERR_FILENO, text, size) < 0) ::_exit(3);
  };
  put("fuzz: the input, in hex: ", 25);
  for (const char c : current) {
    const auto byte = static_cast<unsigned char>(c);
    const char digits[2] = {kHex[byte >> 4], kHex[byte & 15]};
    put(digits, 2);
  }
  put("\n", 1);
  ::signal(sign, SIG_DFL);
  ::raise(sign);
}

Corpus readCorpus(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  // The order of a folder is its file system's; the changes must be the same everywhere.
  std::ranges::sort(files);
  Corpus corpus;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return corpus;
}

/// Pieces that parsers treat in a way of their own.
constexpr std::string_view kPieces[] = {
    std::string_view("\0", 1),
    "\xff",
    "\xc3",
    "\n",
    "\r\n\r\n",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "-1",
    "0",
    "65536",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "1e308",
    "-1e308",
    "1e-400",
    "0.1",
    "/",
    "%",
    "%2",
    "%00",
    "@",
    "?",
    "#",
    "=",
    "&",
    ";",
    "----",
    "\n----\n",
    " ",
    "\t",
    "0001-01-01T00:00:00Z",
};

size_t place(SeededRandom& random, size_t size) { return size == 0 ? 0 : random.below(size); }

void mutateOnce(SeededRandom& random, const Corpus& corpus, std::string& text) {
  const size_t at = place(random, text.size() + 1);
  const size_t length = place(random, std::min<size_t>(text.size() - at + 1, 16));
  switch (random.below(6)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(random.next());
      break;
    case 1:
      text.erase(at, length);
      break;
    case 2:
      text.insert(at, text.substr(at, length));
      break;
    case 3:
      text.insert(at, kPieces[random.below(std::size(kPieces))]);
      break;
    case 4:
      text.replace(at, length, kPieces[random.below(std::size(kPieces))]);
      break;
    default: {
      const std::string& other = corpus[random.below(corpus.size())];
      text.replace(at, std::string::npos, other, place(random, other.size() + 1));
      break;
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return std::fputs("usage: fuzz_replay TARGET CORPUS\n", stderr), 2;
  const auto& targets = berth::fuzz::targets();
  const auto target = std::ranges::find(targets, arguments[1], &berth::fuzz::Target::name);
  if (target == targets.end()) return std::fprintf(stderr, "there is no target %s\n", arguments[1]), 2;
  const Corpus corpus = readCorpus(arguments[2]);
  if (corpus.empty()) return std::fprintf(stderr, "%s is empty\n", arguments[2]), 2;
  for (const int sign : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGBUS}) ::signal(sign, printCurrent);

  SeededRandom random(kSeed);
  for (const std::string& seed : corpus) target->run(current = seed);
  for (int i = 0; i < kMutations; ++i) {
    current = corpus[random.below(corpus.size())];
    for (uint64_t changes = 1 + random.below(4); changes > 0; --changes) mutateOnce(random, corpus, current);
    if (current.size() > kLongest) current.resize(kLongest);
    target->run(current);
  }
  std::printf("%s: %zu files and %d changes\n", arguments[1], corpus.size(), kMutations);
  return 0;
}
