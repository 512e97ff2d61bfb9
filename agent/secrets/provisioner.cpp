#include "agent/secrets/provisioner.hpp"

#include <iterator>
#include <memory>
#include <utility>

#include "agent/secrets/environment_file.hpp"

namespace berth::agent {
namespace {

/// One container's provisions on their way.
struct Providing {
  ContainerSpec spec;
  Provisions wanted;
  Callback<ContainerSpec> done;
  std::vector<Environment> files;
  std::vector<std::string> values;  ///< of the variables' secrets, then of the log options'
};

void finish(Providing& providing) {
  ContainerSpec& spec = providing.spec;
  spec.environment = mergeEnvironment(std::move(spec.environment), providing.files);
  auto value = std::make_move_iterator(providing.values.begin());
  for (const SecretRequest& secret : providing.wanted.environment) spec.environment[secret.name] = *value++;
  for (const SecretRequest& secret : providing.wanted.logOptions) spec.logOptions[secret.name] = *value++;
  providing.done(std::move(spec));
}

/// One file after the other: an earlier one counts more, and there are ten at most.
void nextFile(EnvironmentFileSource& source, const std::shared_ptr<Providing>& providing) {
  const size_t index = providing->files.size();
  if (index == providing->wanted.environmentFiles.size()) return finish(*providing);
  const std::string& file = providing->wanted.environmentFiles[index];
  source.fetch(file, providing->wanted.role, [&source, providing, file](Result<std::string> text) {
    if (!text) return providing->done(text.error());
    Result<Environment> read = parseEnvironmentFile(*text);
    if (!read) return providing->done(read.error().in(file));
    providing->files.push_back(std::move(*read));
    nextFile(source, providing);
  });
}

}  // namespace

void Provisioner::provide(ContainerSpec spec, Provisions wanted, Callback<ContainerSpec> done) {
  if (wanted.empty()) return done(std::move(spec));
  auto providing = std::make_shared<Providing>();
  providing->spec = std::move(spec);
  providing->wanted = std::move(wanted);
  providing->done = std::move(done);
  std::vector<SecretRequest> requests = providing->wanted.environment;
  const auto& options = providing->wanted.logOptions;
  requests.insert(requests.end(), options.begin(), options.end());
  if (requests.empty()) return nextFile(files_, providing);
  EnvironmentFileSource& files = files_;
  secrets_.fetch(std::move(requests), providing->wanted.role,
                 [&files, providing](Result<std::vector<std::string>> values) {
                   if (!values) return providing->done(values.error());
                   providing->values = std::move(*values);
                   nextFile(files, providing);
                 });
}

}  // namespace berth::agent
