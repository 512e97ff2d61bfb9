#include "controller/operations/compatibility.hpp"

#include <algorithm>
#include <map>
#include <string_view>

#include "controller/operations/notes.hpp"
#include "proto/ecs/model.hpp"

namespace berth::controller {
namespace {

using ecs::Member;
using ecs::Operation;
using ecs::Shape;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (end > 0) out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

bool names(std::string_view list, std::string_view name) {
  const auto all = split(list, ' ');
  return std::ranges::find(all, name) != all.end();
}

/// Whether a path leads to a member of `shape`, through lists and maps to that of their items.
bool leads(const Shape* shape, std::string_view path) {
  for (const std::string_view name : split(path, '.')) {
    while (shape->element) shape = shape->element;
    const Member* member = shape->member(name);
    if (!member) return false;
    shape = member->shape;
  }
  return true;
}

const OperationNote* noteOf(const Operation& operation) {
  const auto notes = operationNotes();
  const auto found = std::ranges::find_if(
      notes, [&](const OperationNote& one) { return names(one.operations, operation.name); });
  return found == notes.end() ? nullptr : &*found;
}

std::string_view wordOf(Extent extent) {
  switch (extent) {
    case Extent::Whole:
      return "whole";
    case Extent::Refused:
      break;
  }
  return "refused";
}

std::string_view wordsOf(Fate fate) {
  switch (fate) {
    case Fate::ActedOn:
      return "acted on";
    case Fate::Kept:
      return "kept and shown";
    case Fate::Refused:
      return "refused";
    case Fate::Ignored:
      break;
  }
  return "ignored";
}

/// Members of one fate in the order of the model, a group for each reason.
struct Group {
  std::string_view why;
  std::string members;
};
using Groups = std::map<Fate, std::vector<Group>>;

void add(Groups& groups, Fate fate, std::string_view why, std::string_view member) {
  std::vector<Group>& list = groups[fate];
  auto group = std::ranges::find(list, why, &Group::why);
  if (group == list.end()) group = list.insert(list.end(), Group{why, {}});
  if (!group->members.empty()) group->members += ", ";
  group->members.append("`").append(member).append("`");
}

/// The member itself, and those inside it that have notes of their own.
void addMember(Groups& groups, const Operation& operation, const Member& member, Fate usual) {
  const auto of = [&](const MemberNote& note) { return names(note.operations, operation.name); };
  const MemberNote* own = nullptr;
  for (const MemberNote& note : memberNotes()) {
    if (of(note) && names(note.members, member.name)) own = &note;
  }
  add(groups, own ? own->fate : usual, own ? own->why : "", member.name);
  for (const MemberNote& note : memberNotes()) {
    if (!of(note)) continue;
    for (const std::string_view path : split(note.members, ' ')) {
      if (path.starts_with(member.name + ".")) add(groups, note.fate, note.why, path);
    }
  }
}

std::string linesOf(const Groups& groups) {
  std::string out;
  for (const auto& [fate, list] : groups) {
    out.append("- ").append(wordsOf(fate)).append(": ");
    for (const Group& group : list) {
      if (&group != &list.front()) out += "; ";
      out += group.members;
      if (!group.why.empty()) out.append(" (").append(group.why).append(")");
    }
    out += "\n";
  }
  return out;
}

std::string describe(const Operation& operation) {
  const OperationNote* note = noteOf(operation);
  const Extent extent = note ? note->extent : Extent::Whole;
  std::string out = "#### " + operation.name + "\n- **" + std::string(wordOf(extent)) + "**";
  if (note) out.append(": ").append(note->why);
  out += "\n";
  Groups groups;
  for (const Member& member : operation.input->members) {
    addMember(groups, operation, member, extent == Extent::Refused ? Fate::Refused : Fate::ActedOn);
  }
  out += linesOf(groups) + "- errors:";
  for (const std::string& error : operation.errors) {
    out += (&error == &operation.errors.front() ? " `" : ", `") + error + "`";
  }
  return out + "\n";
}

}  // namespace

std::string describeOperations() {
  std::string out;
  for (const auto& [name, operation] : ecs::model().operations()) {
    if (!out.empty()) out += "\n";
    out += describe(operation);
  }
  return out;
}

std::vector<std::string> misplacedNotes() {
  std::vector<std::string> out;
  for (const OperationNote& note : operationNotes()) {
    for (const std::string_view name : split(note.operations, ' ')) {
      if (!ecs::model().findOperation(name)) out.emplace_back(name);
    }
  }
  for (const MemberNote& note : memberNotes()) {
    for (const std::string_view name : split(note.operations, ' ')) {
      const Operation* operation = ecs::model().findOperation(name);
      for (const std::string_view path : split(note.members, ' ')) {
        if (operation && leads(operation->input, path)) continue;
        out.push_back(std::string(name) + "." + std::string(path));
      }
    }
  }
  return out;
}

}  // namespace berth::controller
