// JSON text member by member, without a tree of values: for what is written by the thousand.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace berth::json {

/// The caller's order of calls must make sense: members inside objects, elements inside lists, each opened
/// and closed once. Texts are UTF-8 already.
class Writer {
 public:
  Writer();
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // The whole text, or an element of a list.
  void openObject();
  void text(std::string_view value);
  void integer(int64_t value);

  // Members of an object.
  void openObject(std::string_view name);
  void openList(std::string_view name);
  void text(std::string_view name, std::string_view value);
  void integer(std::string_view name, int64_t value);
  void real(std::string_view name, double value);
  void boolean(std::string_view name, bool value);
  /// `json` is JSON text already.
  void raw(std::string_view name, std::string_view json);

  void closeObject();
  void closeList();

  std::string str() const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace berth::json
