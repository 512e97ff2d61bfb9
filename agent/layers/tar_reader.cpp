#include "agent/layers/tar_reader.hpp"

#include <algorithm>
#include <utility>

#include "common/text/number.hpp"

namespace berth::agent::layers {
namespace {

constexpr size_t kBlock = 512;
constexpr int64_t kLongestExtension = 1 << 20;
constexpr int64_t kLargestFile = int64_t{1} << 50;
constexpr std::string_view kAttribute = "SCHILY.xattr.";
constexpr std::string_view kSparse = "GNU.sparse.";

struct Field {
  size_t at;
  size_t size;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12}, kTime{136, 12},
    kSum{148, 8}, kLink{157, 100}, kMagic{257, 6}, kMajor{329, 8}, kMinor{337, 8}, kPrefix{345, 155};
constexpr size_t kType = 156;

Error broken(const std::string& what) { return makeError(Code::DataLoss, "the layer's archive " + what); }

std::string_view fieldOf(std::string_view block, Field field) { return block.substr(field.at, field.size); }

std::string textOf(std::string_view block, Field field) {
  const std::string_view text = fieldOf(block, field);
  return std::string(text.substr(0, text.find('\0')));
}

/// Octal digits between spaces and zeros; or, with the highest bit of the first byte set, a number in base
/// 256 whose sign is the next bit.
std::optional<int64_t> numberOf(std::string_view text) {
  const auto first = static_cast<uint8_t>(text.front());
  if ((first & 0x80) != 0) {
    const bool negative = (first & 0x40) != 0;
    uint64_t value = negative ? ~uint64_t{0} : 0;
    for (size_t i = 0; i < text.size(); ++i) {
      const auto byte = i == 0 ? static_cast<uint8_t>((first & 0x3f) | (negative ? 0xc0 : 0))
                               : static_cast<uint8_t>(text[i]);
      // What is shifted out must be the sign's.
      if (value >> 55 != (negative ? 0x1ff : 0)) return std::nullopt;
      value = value << 8 | byte;
    }
    return static_cast<int64_t>(value);
  }
  const auto blank = [](char c) { return c == ' ' || c == '\0'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  uint64_t value = 0;
  while (!text.empty() && !blank(text.front())) {
    if (text.front() < '0' || text.front() > '7' || value >> 60 != 0) return std::nullopt;
    value = value << 3 | static_cast<uint64_t>(text.front() - '0');
    text.remove_prefix(1);
  }
  return static_cast<int64_t>(value);
}

std::optional<uint32_t> smallNumber(std::string_view text) {
  const auto value = numberOf(text);
  if (!value || *value < 0 || *value > UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(*value);
}

bool sumIsRight(std::string_view block) {
  const auto wanted = numberOf(fieldOf(block, kSum));
  int64_t plain = 0;
  int64_t withSigns = 0;  // as some old programs counted
  for (size_t i = 0; i < block.size(); ++i) {
    const char c = i >= kSum.at && i < kSum.at + kSum.size ? ' ' : block[i];
    plain += static_cast<uint8_t>(c);
    withSigns += static_cast<signed char>(c);
  }
  return wanted && (*wanted == plain || *wanted == withSigns);
}

/// "1350244992.023960108"
std::optional<EntryTime> timeOf(std::string_view text) {
  const size_t dot = text.find('.');
  const auto seconds = parseNumber<int64_t>(text.substr(0, dot));
  if (!seconds) return std::nullopt;
  EntryTime out{*seconds, 0};
  if (dot == std::string_view::npos) return out;
  int64_t unit = 100'000'000;
  for (const char c : text.substr(dot + 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    out.nanos += unit * (c - '0');
    unit /= 10;
  }
  if (text.front() == '-' && out.nanos != 0) out = EntryTime{out.seconds - 1, 1'000'000'000 - out.nanos};
  return out;
}

std::optional<EntryKind> kindOf(char type, const std::string& name) {
  switch (type) {
    case '\0':
    case '0':
    case '7':
      // How archives older than the type named folders.
      return type == '\0' && name.ends_with('/') ? EntryKind::Folder : EntryKind::File;
    case '1':
      return EntryKind::HardLink;
    case '2':
      return EntryKind::Symlink;
    case '3':
      return EntryKind::CharDevice;
    case '4':
      return EntryKind::BlockDevice;
    case '5':
      return EntryKind::Folder;
    case '6':
      return EntryKind::Fifo;
    default:
      return std::nullopt;
  }
}

bool isExtension(char type) { return type == 'x' || type == 'g' || type == 'L' || type == 'K'; }

}  // namespace

Status TarReader::take(std::string_view bytes) {
  while (!bytes.empty()) {
    if (part_ == Part::End) return {};
    if (part_ == Part::Header) {
      const size_t count = std::min(bytes.size(), kBlock - block_.size());
      block_.append(bytes.substr(0, count));
      bytes.remove_prefix(count);
      if (block_.size() < kBlock) return {};
      Status read = header(block_);
      block_.clear();
      if (!read) return read;
      continue;
    }
    int64_t& left = part_ == Part::Padding ? padding_ : left_;
    const auto count = static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(bytes.size()), left));
    const std::string_view piece = bytes.substr(0, count);
    left -= static_cast<int64_t>(count);
    bytes.remove_prefix(count);
    if (part_ == Part::Content) {
      if (Status taken = sink_.content(piece); !taken) return taken;
    } else if (part_ == Part::Extension) {
      text_.append(piece);
    }
    if (left > 0) continue;
    if (part_ == Part::Padding)
      part_ = Part::Header;
    else if (Status done = finishContent(); !done)
      return done;
  }
  return {};
}

/// The content or the extension is whole.
Status TarReader::finishContent() {
  const bool extension = part_ == Part::Extension;
  part_ = padding_ > 0 ? Part::Padding : Part::Header;
  return extension ? applyExtension() : sink_.end();
}

Status TarReader::header(std::string_view block) {
  if (std::ranges::all_of(block, [](char c) { return c == '\0'; })) {
    if (std::exchange(zeroBefore_, true)) part_ = Part::End;
    return {};
  }
  if (zeroBefore_ || !sumIsRight(block)) return broken("has a header that is none");
  const char type = block[kType];
  if (!isExtension(type)) return open(block, type);
  const auto size = numberOf(fieldOf(block, kSize));
  if (!size || *size < 0) return broken("has an extended header without a size");
  if (*size > kLongestExtension) {
    return makeError(Code::ResourceExhausted, "the layer's archive has an extended header of " +
                                                  std::to_string(*size) + " bytes: at most 1 MiB");
  }
  extension_ = type;
  text_.clear();
  left_ = *size;
  padding_ =
      (static_cast<int64_t>(kBlock) - left_ % static_cast<int64_t>(kBlock)) % static_cast<int64_t>(kBlock);
  part_ = Part::Extension;
  return left_ > 0 ? Status() : finishContent();
}

Status TarReader::open(std::string_view block, char type) {
  Overrides next = std::exchange(next_, {});
  Entry entry;
  entry.name = textOf(block, kName);
  // GNU's own format has other things there.
  if (fieldOf(block, kMagic) == std::string_view("ustar\0", 6)) {
    const std::string prefix = textOf(block, kPrefix);
    if (!prefix.empty()) entry.name = prefix + "/" + entry.name;
  }
  if (next.name) entry.name = std::move(*next.name);
  entry.link = next.link ? std::move(*next.link) : textOf(block, kLink);
  const auto kind = kindOf(type, entry.name);
  if (!kind) {
    return makeError(Code::Unimplemented, "the layer's archive has an entry of type '" +
                                              std::string(1, type) + "', which is not unpacked");
  }
  entry.kind = *kind;
  const auto mode = numberOf(fieldOf(block, kMode));
  const auto uid = next.uid ? next.uid : smallNumber(fieldOf(block, kUid));
  const auto gid = next.gid ? next.gid : smallNumber(fieldOf(block, kGid));
  const auto time = numberOf(fieldOf(block, kTime));
  const auto size = next.size ? next.size : numberOf(fieldOf(block, kSize));
  if (!mode || !uid || !gid || !time || !size || *size < 0 || *size > kLargestFile) {
    return broken("has a header with a field that is no number");
  }
  entry.mode = static_cast<uint32_t>(*mode) & 07777;
  entry.uid = *uid;
  entry.gid = *gid;
  entry.modified = next.modified.value_or(EntryTime{*time, 0});
  entry.accessed = next.accessed;
  entry.attributes = std::move(next.attributes);
  if (entry.kind == EntryKind::CharDevice || entry.kind == EntryKind::BlockDevice) {
    const auto major = smallNumber(fieldOf(block, kMajor));
    const auto minor = smallNumber(fieldOf(block, kMinor));
    if (!major || !minor) return broken("has a device without a number");
    entry.major = *major;
    entry.minor = *minor;
  }
  // Only files have content; the size that some programs give links is that of the file.
  left_ = entry.kind == EntryKind::File ? *size : 0;
  entry.size = left_;
  padding_ =
      (static_cast<int64_t>(kBlock) - left_ % static_cast<int64_t>(kBlock)) % static_cast<int64_t>(kBlock);
  part_ = Part::Content;
  if (Status begun = sink_.begin(std::move(entry)); !begun) return begun;
  return left_ > 0 ? Status() : finishContent();
}

Status TarReader::applyExtension() {
  if (extension_ == 'L' || extension_ == 'K') {
    std::string name = text_.substr(0, text_.find('\0'));
    (extension_ == 'L' ? next_.name : next_.link) = std::move(name);
    return {};
  }
  // What holds for all further entries is written by git alone, as a comment.
  if (extension_ == 'g') return {};
  std::string_view rest = text_;
  while (!rest.empty()) {
    const size_t space = rest.find(' ');
    const auto length = parseNumber<size_t>(rest.substr(0, space));
    if (space == std::string_view::npos || !length || *length <= space + 1 || *length > rest.size() ||
        rest[*length - 1] != '\n') {
      return broken("has an extended header that is none");
    }
    const std::string_view record = rest.substr(space + 1, *length - space - 2);
    rest.remove_prefix(*length);
    const size_t equals = record.find('=');
    if (equals == std::string_view::npos) return broken("has an extended header that is none");
    if (Status applied = applyRecord(record.substr(0, equals), record.substr(equals + 1)); !applied)
      return applied;
  }
  return {};
}

Status TarReader::applyRecord(std::string_view key, std::string_view value) {
  if (key.starts_with(kSparse)) {
    return makeError(Code::Unimplemented, "the layer's archive has a sparse file, which is not unpacked");
  }
  if (key.starts_with(kAttribute)) {
    next_.attributes[std::string(key.substr(kAttribute.size()))] = value;
    return {};
  }
  // An empty one takes back what an earlier header said.
  if (value.empty()) return {};
  bool right = true;
  const auto put = [&right](auto& to, auto parsed) {
    right = parsed.has_value();
    if (right) to = *parsed;
  };
  if (key == "path") next_.name = value;
  if (key == "linkpath") next_.link = value;
  if (key == "size") put(next_.size, parseNumber<int64_t>(value));
  if (key == "uid") put(next_.uid, parseNumber<uint32_t>(value));
  if (key == "gid") put(next_.gid, parseNumber<uint32_t>(value));
  if (key == "mtime") put(next_.modified, timeOf(value));
  if (key == "atime") put(next_.accessed, timeOf(value));
  return right ? Status() : broken("has \"" + std::string(key) + "\" without a number in an extended header");
}

Status TarReader::finish() const {
  const bool between = part_ == Part::End || (part_ == Part::Header && block_.empty());
  return between ? Status() : broken("ends within an entry");
}

}  // namespace berth::agent::layers
