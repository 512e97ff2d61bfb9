// Processes beside the first of a container.
#include <utility>

#include "agent/runtimes/containerd/containerd_api.hpp"
#include "agent/runtimes/containerd/invoke.hpp"
#include "proto/containerd/tasks.pb.h"

namespace berth::agent::containerd {
namespace {

namespace process_v1 = ::containerd::services::tasks::v1;

constexpr const char* kProcessType = "types.containerd.io/opencontainers/runtime-spec/1/Process";

template <class Request>
Request requestFor(const ProcessKey& process) {
  Request out;
  out.set_container_id(process.container);
  out.set_exec_id(process.id);
  return out;
}

}  // namespace

Async<Status> Api::addProcess(ProcessKey process, ProcessPlan plan) {
  auto request = requestFor<process_v1::ExecProcessRequest>(process);
  request.set_stdin(plan.input);
  request.set_stdout(plan.output);
  request.set_stderr(plan.errors);
  request.set_terminal(plan.terminal);
  request.mutable_spec()->set_type_url(kProcessType);
  request.mutable_spec()->set_value(std::move(plan.spec));
  return plain(invoke<wire::Empty>(channel_, "tasks.v1.Tasks/Exec", request, deadlines_.quick));
}

Async<Result<int64_t>> Api::startProcess(ProcessKey process) {
  const auto answer = co_await invoke<process_v1::StartResponse>(
      channel_, "tasks.v1.Tasks/Start", requestFor<process_v1::StartRequest>(process), deadlines_.start);
  if (!answer) co_return answer.error();
  co_return static_cast<int64_t>(answer->pid());
}

Async<Result<int>> Api::waitProcess(ProcessKey process, Duration limit) {
  const auto answer = co_await invoke<process_v1::WaitResponse>(
      channel_, "tasks.v1.Tasks/Wait", requestFor<process_v1::WaitRequest>(process), limit);
  if (!answer) co_return answer.error();
  co_return static_cast<int>(answer->exit_status());
}

Async<Status> Api::removeProcess(ProcessKey process) {
  const auto answer = co_await invoke<process_v1::DeleteResponse>(
      channel_, "tasks.v1.Tasks/DeleteProcess", requestFor<process_v1::DeleteProcessRequest>(process),
      deadlines_.quick);
  if (!answer && answer.error().code != Code::NotFound) co_return answer.error();
  co_return Status();
}

Async<Status> Api::resizeTerminal(ProcessKey process, uint32_t columns, uint32_t rows) {
  auto request = requestFor<process_v1::ResizePtyRequest>(process);
  request.set_width(columns);
  request.set_height(rows);
  return plain(invoke<wire::Empty>(channel_, "tasks.v1.Tasks/ResizePty", request, deadlines_.quick));
}

Async<Status> Api::closeInput(ProcessKey process) {
  auto request = requestFor<process_v1::CloseIORequest>(process);
  request.set_stdin(true);
  return plain(invoke<wire::Empty>(channel_, "tasks.v1.Tasks/CloseIO", request, deadlines_.quick));
}

}  // namespace berth::agent::containerd
