#include "controller/model/cause.hpp"

#include <algorithm>

namespace berth::controller {

std::string_view name(Cause::Kind kind) {
  switch (kind) {
    case Cause::Kind::StopTask:
      return "StopTask";
    case Cause::Kind::ContainerStopped:
      return "ContainerStopped";
    case Cause::Kind::InstanceDeregistered:
      return "InstanceDeregistered";
  }
  return "StopTask";
}

void Causes::add(Cause cause) {
  if (!list_) list_ = std::make_unique<List>();
  if (std::ranges::find(*list_, cause.kind, &Cause::kind) == list_->end()) list_->push_back(std::move(cause));
}

const std::vector<Cause>& Causes::list() const {
  static const List kNone;
  return list_ ? *list_ : kNone;
}

}  // namespace berth::controller
