#include "cli/table/table.hpp"

#include <algorithm>
#include <numeric>

namespace berth::cli {
namespace {

constexpr size_t kLeastWidth = 4;
constexpr size_t kGap = 2;

bool beginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

std::string clean(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return text;
}

std::string_view codeOf(Tone tone) {
  switch (tone) {
    case Tone::Plain:
      return "";
    case Tone::Good:
      return "32";
    case Tone::Wait:
      return "33";
    case Tone::Bad:
      return "31";
    case Tone::Faint:
      return "2";
  }
  return "";
}

/// Takes characters of the widest columns until a line fits.
void shrink(std::vector<size_t>& widths, const std::vector<Column>& columns, size_t room) {
  const size_t gaps = kGap * (widths.size() - 1);
  size_t total = std::accumulate(widths.begin(), widths.end(), gaps);
  while (total > room) {
    size_t widest = widths.size();
    for (size_t i = 0; i < widths.size(); ++i) {
      if (columns[i].whole || widths[i] <= kLeastWidth) continue;
      if (widest == widths.size() || widths[i] > widths[widest]) widest = i;
    }
    if (widest == widths.size()) return;
    --widths[widest];
    --total;
  }
}

std::string lineOf(const std::vector<Cell>& cells, const std::vector<Column>& columns,
                   const std::vector<size_t>& widths, const Terminal& terminal) {
  std::string out;
  size_t owed = 0;  // blanks that come only if something follows
  for (size_t i = 0; i < columns.size(); ++i) {
    const Cell cell = i < cells.size() ? cells[i] : Cell();
    const std::string shown = cutTo(clean(cell.text), widths[i]);
    const size_t padding = widths[i] - charactersOf(shown);
    if (columns[i].right) owed += padding;
    if (!shown.empty()) {
      out.append(owed, ' ');
      owed = 0;
      out += painted(shown, cell.tone, terminal);
    }
    owed += (columns[i].right ? 0 : padding) + kGap;
  }
  return out + "\n";
}

}  // namespace

size_t charactersOf(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, beginsCharacter));
}

std::string cutTo(std::string_view text, size_t characters) {
  if (charactersOf(text) <= characters) return std::string(text);
  size_t seen = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (beginsCharacter(text[i]) && ++seen == std::max<size_t>(characters, 1))
      return std::string(text.substr(0, i)) + "…";
  }
  return std::string(text);
}

std::string painted(std::string_view text, Tone tone, const Terminal& terminal) {
  if (!terminal.colours || tone == Tone::Plain) return std::string(text);
  return "\033[" + std::string(codeOf(tone)) + "m" + std::string(text) + "\033[0m";
}

std::string renderTable(const std::vector<Column>& columns, const std::vector<std::vector<Cell>>& rows,
                        const Terminal& terminal) {
  std::vector<size_t> widths;
  std::vector<Cell> titles;
  for (size_t i = 0; i < columns.size(); ++i) {
    size_t width = charactersOf(columns[i].title);
    for (const std::vector<Cell>& row : rows) {
      if (i < row.size()) width = std::max(width, charactersOf(row[i].text));
    }
    widths.push_back(width);
    titles.emplace_back(columns[i].title, Tone::Faint);
  }
  if (terminal.width > 0 && !widths.empty()) shrink(widths, columns, terminal.width);
  std::string out = lineOf(titles, columns, widths, terminal);
  for (const std::vector<Cell>& row : rows) out += lineOf(row, columns, widths, terminal);
  return out;
}

std::string ageOf(Duration age) {
  using namespace std::chrono;
  const auto in = [&](auto unit, const char* name) {
    return std::to_string(duration_cast<decltype(unit)>(age).count()) + name;
  };
  if (age >= days(1)) return in(days(1), "d");
  if (age >= hours(1)) return in(hours(1), "h");
  if (age >= minutes(1)) return in(minutes(1), "m");
  return age < Duration(0) ? "0s" : in(seconds(1), "s");
}

}  // namespace berth::cli
