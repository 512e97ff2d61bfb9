#include "controller/streams/rules.hpp"

namespace berth::controller {

using streams::Channel;

Pass passFromClient(Channel channel) {
  switch (channel) {
    case Channel::Stdin:
    case Channel::Resize:
      return Pass::Forward;
    case Channel::KeepAlive:
      return Pass::Drop;
    default:
      return Pass::Refuse;
  }
}

Pass passFromAgent(Channel channel) {
  switch (channel) {
    case Channel::Stdout:
    case Channel::Stderr:
    case Channel::Started:
      return Pass::Forward;
    case Channel::Exit:
    case Channel::Error:
      return Pass::Last;
    case Channel::KeepAlive:
      return Pass::Drop;
    default:
      return Pass::Refuse;
  }
}

Pass passOfLogs(Channel channel) {
  switch (channel) {
    case Channel::Lines:
      return Pass::Forward;
    case Channel::Exit:
    case Channel::Error:
      return Pass::Last;
    case Channel::KeepAlive:
    case Channel::Started:
      return Pass::Drop;
    default:
      return Pass::Refuse;
  }
}

bool isActivity(Channel channel) {
  return channel == Channel::Stdin || channel == Channel::Stdout || channel == Channel::Stderr ||
         channel == Channel::Resize;
}

uint16_t closeCodeOf(std::string_view errorType) {
  if (errorType == "InvalidFrameException") return 1002;
  if (errorType == "InvalidTokenException") return 1008;
  return 1011;
}

}  // namespace berth::controller
