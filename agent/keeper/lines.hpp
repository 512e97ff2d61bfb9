// What containers write, cut into lines as Docker's json-file log driver has them. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace berth::agent::keeper {

/// Longer lines come in pieces of so many bytes, as with Docker.
inline constexpr size_t kLongestPiece = 16384;

struct Piece {
  std::string_view text;  ///< without the line's end
  bool partial = false;   ///< the line goes on in the next piece
  size_t taken = 0;       ///< bytes of the input that it stands for
};

/// The first piece of `bytes`; nullopt when it takes more bytes to know. `last`: nothing comes after them, so
/// that what is left is a line, too.
std::optional<Piece> firstPiece(std::string_view bytes, bool last);

/// Appends {"log":TEXT,"stream":"stdout","time":TIME} and a line's end. TEXT ends in \n unless the piece is
/// partial. What is no UTF-8 becomes U+FFFD.
void appendLine(std::string& out, const Piece& piece, bool isStderr, std::string_view time);

/// The most bytes that appendLine() appends for a piece.
inline constexpr size_t kLongestLine = kLongestPiece * 6 + 128;

}  // namespace berth::agent::keeper
