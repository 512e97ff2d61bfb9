// Sessions that were granted and that nobody has opened yet. Values only.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/time/clock.hpp"

namespace berth::controller {

/// A command that somebody may run in a container.
struct Grant {
  std::string id;
  std::string token;  ///< a secret
  std::string taskArn;
  std::string instance;  ///< id
  std::string container;
  std::string command;  ///< as it was given
  std::vector<std::string> words;
  // Of the call that was granted, for the audit log.
  std::string requestId;
  std::string principal;
  std::string accessKeyId;
  MonoTime until{};
};

class Grants {
 public:
  enum class Refused { Unknown, WrongToken };

  void add(Grant grant, MonoTime now);
  /// Whether there is one that still counts.
  bool has(std::string_view id, MonoTime now) const;
  /// Takes the grant away, whether the token was right or not: nobody tries twice.
  std::variant<Grant, Refused> take(std::string_view id, std::string_view token, MonoTime now);
  /// Takes away those of access keys that are not known.
  void forgetStrangers(const std::function<bool(std::string_view)>& known);
  /// Those that still count.
  size_t size(MonoTime now);

 private:
  void forgetOld(MonoTime now);

  std::map<std::string, Grant, std::less<>> grants_;
};

}  // namespace berth::controller
