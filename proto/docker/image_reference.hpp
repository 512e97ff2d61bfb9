// Names of images: [HOST[:PORT]/]PATH[:TAG][@DIGEST].
#pragma once

#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace berth::docker {

struct ImageReference {
  std::string domain;  ///< "docker.io" when the text names none
  std::string path;    ///< "library/" is put before Docker Hub's names of one part
  std::string tag;     ///< empty: none given
  std::string digest;  ///< "sha256:...", empty: none given

  /// domain/path: what two references must share to name the same repository.
  std::string repository() const { return domain + "/" + path; }
  /// What to pull: the digest, else the tag, else "latest".
  std::string version() const { return !digest.empty() ? digest : !tag.empty() ? tag : "latest"; }
  bool operator==(const ImageReference&) const = default;
};

/// Follows the grammar of github.com/distribution/reference: the first part is a host when it has a '.' or
/// ':' or is "localhost". InvalidArgument, naming the text and the rule, for everything else.
Result<ImageReference> parseImageReference(std::string_view text);

}  // namespace berth::docker
