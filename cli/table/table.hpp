// Tables for people: aligned columns that fit a terminal's width.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/time/clock.hpp"

namespace berth::cli {

/// How a text is to be seen; on a terminal with colours a colour.
enum class Tone { Plain, Good, Wait, Bad, Faint };

struct Cell {
  Cell(std::string shown = {}, Tone tone = Tone::Plain)
      : text(std::move(shown)), tone(tone) {}  // NOLINT: implicit
  Cell(const char* shown) : text(shown) {}     // NOLINT: implicit
  std::string text;
  Tone tone = Tone::Plain;
};

struct Column {
  std::string title;
  bool right = false;  ///< numbers
  bool whole = false;  ///< never cut: what is there to be copied
};

/// What is written to.
struct Terminal {
  size_t width = 0;   ///< in characters; 0: no terminal, so nothing is cut
  size_t height = 0;  ///< 0: no terminal
  bool colours = false;
};

/// Titles and rows, each line ended by a newline and without blanks at its end; cells that a row does not
/// have are empty. Where a line is longer than the terminal is wide, the widest columns are cut first, to
/// four characters at least, and "…" ends what was cut. Control characters become '?'.
std::string renderTable(const std::vector<Column>& columns, const std::vector<std::vector<Cell>>& rows,
                        const Terminal& terminal);

/// A text in its tone.
std::string painted(std::string_view text, Tone tone, const Terminal& terminal);

/// How many characters a UTF-8 text has.
size_t charactersOf(std::string_view text);
/// At most so many characters, the last one "…" where some were cut.
std::string cutTo(std::string_view text, size_t characters);

/// "40s", "12m", "5h", "3d": the largest whole unit; "0s" for a negative.
std::string ageOf(Duration age);

}  // namespace berth::cli
