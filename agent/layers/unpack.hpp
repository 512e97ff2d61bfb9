// From a layer's blob to the upper folder of an overlay file system.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/layers/parcel.hpp"
#include "common/result/result.hpp"

namespace berth::agent::layers {

struct Unpacked {
  std::string diffId;                ///< "sha256:...", of the archive
  std::vector<std::string> implied;  ///< as TreeWriter has it
};

/// Unpacks a blob, while it is on its way, into a folder that is there, and empty. Blocks until the blob is
/// through or broken off; `read` tells how much of it is. Errors: the parcel's, DataLoss for what is no
/// layer, and TreeWriter's. What was unpacked until then stays.
Result<Unpacked> unpack(const Parcel& parcel, const std::string& folder,
                        std::atomic<int64_t>* read = nullptr);

/// Puts an unpacked layer from the folder `from` in place of `upper`, an empty folder on the same file
/// system. Folders that the layer itself does not describe are as those of the layers below are: the folders
/// `lower`, from the uppermost. Errors: ResourceExhausted for a full disk, else Internal.
Status place(const Unpacked& layer, const std::string& from, const std::string& upper,
             const std::vector<std::string>& lower);

}  // namespace berth::agent::layers
