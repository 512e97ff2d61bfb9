#include "controller/streams/words.hpp"

namespace berth::controller {
namespace {

bool isBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  Result<std::vector<std::string>> split() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\'' || c == '"') {
        open_ = true;
        if (Status whole = c == '"' ? doubleQuoted() : singleQuoted(); !whole) return whole.error();
      } else if (c == '\\') {
        if (++at_ == text_.size())
          return makeError(Code::InvalidArgument, "command ends in a \\ that stands before nothing");
        if (text_[at_] == '\n') continue;
        take(text_[at_]);
      } else if (isBlank(c)) {
        close();
      } else {
        take(c);
      }
    }
    close();
    return words_;
  }

 private:
  Status singleQuoted() {
    const size_t end = text_.find('\'', at_ + 1);
    if (end == std::string_view::npos) return unfinished('\'');
    word_ += text_.substr(at_ + 1, end - at_ - 1);
    at_ = end;
    return {};
  }

  Status doubleQuoted() {
    constexpr std::string_view kEscaped = "\"\\$`\n";
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') return {};
      const bool escapes = text_[at_] == '\\' && at_ + 1 < text_.size() &&
                           kEscaped.find(text_[at_ + 1]) != std::string_view::npos;
      if (escapes && text_[++at_] == '\n') continue;
      word_ += text_[at_];
    }
    return unfinished('"');
  }

  static Status unfinished(char quote) {
    return makeError(Code::InvalidArgument, std::string("command has a ") + quote + " that is not closed");
  }

  void take(char c) {
    open_ = true;
    word_ += c;
  }
  void close() {
    if (open_) words_.push_back(word_);
    word_.clear();
    open_ = false;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<std::string> words_;
  std::string word_;
  bool open_ = false;  ///< a word has begun; it may be empty
};

}  // namespace

Result<std::vector<std::string>> splitWords(std::string_view text) { return Splitter(text).split(); }

}  // namespace berth::controller
