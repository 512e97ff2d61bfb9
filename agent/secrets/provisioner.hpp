// Fetches what one container needs before it can be created, and puts it into its spec.
#pragma once

#include "agent/ports/secrets.hpp"
#include "common/result/result.hpp"

namespace berth::agent {

/// Values go from the sources into the spec and nowhere else. The sources must outlive it.
class Provisioner {
 public:
  Provisioner(SecretSource& secrets, EnvironmentFileSource& files) : secrets_(secrets), files_(files) {}

  /// Answers the spec with everything in it; the first failure of a source as it is, or InvalidArgument for
  /// an environment file that is no text. Without provisions at once.
  void provide(ContainerSpec spec, Provisions wanted, Callback<ContainerSpec> done);

 private:
  SecretSource& secrets_;
  EnvironmentFileSource& files_;
};

}  // namespace berth::agent
