#include "agent/runtimes/containerd/admission.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "agent/network/plugin_process.hpp"
#include "agent/signatures/signed_image.hpp"
#include "common/aws/crypto.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent::containerd {
namespace {

constexpr size_t kLargestSignature = size_t{1} << 20;
constexpr size_t kMostRefusals = 1000;
constexpr size_t kShownOfProgram = 300;

Error unsuited(const std::string& why) { return makeError(Code::PermissionDenied, why); }

/// A blob that is small; PermissionDenied for one that is not.
Async<Result<std::string>> smallBlob(std::shared_ptr<Repository> from, std::string digest,
                                     std::stop_token stop) {
  const auto text = std::make_shared<std::string>();
  const auto take = [text](std::string_view bytes) {
    text->append(bytes.substr(0, kLargestSignature + 1 - text->size()));
    return text->size() <= kLargestSignature;
  };
  const Status got = co_await from->blob(digest, take, std::move(stop));
  if (text->size() > kLargestSignature) co_return unsuited("it is larger than 1 MiB");
  if (!got) co_return got.error();
  if ("sha256:" + aws::sha256Hex(*text) != digest) co_return unsuited("it is not what its digest says");
  co_return std::move(*text);
}

/// Whether the search goes on after it: the signature is no good, or not there.
bool isAboutOne(const Error& error) {
  return error.code == Code::PermissionDenied || error.code == Code::NotFound ||
         error.code == Code::InvalidArgument || error.code == Code::DataLoss;
}

/// The best that is known so far: any admits, and a reason is better than none.
void take(Status& best, Status next) {
  if (best) return;
  if (next || next.error().code != Code::NotFound) best = std::move(next);
}

std::string wayOut(const signatures::PolicyRule& rule) {
  using enum signatures::PolicyRule::Require;
  switch (rule.require) {
    case Cosign:
      return "sign this digest with cosign by one of the rule's keys, or change the rule";
    case Notation:
      return "sign this digest with notation by a certificate that the rule trusts, or change the rule";
    case Program:
      return "see what the program wants, or change the rule";
    default:
      return "add a rule for its repository, or use an image of another";
  }
}

std::string wanted(const signatures::PolicyRule& rule) {
  using enum signatures::PolicyRule::Require;
  switch (rule.require) {
    case Cosign:
      return "requires a cosign signature";
    case Notation:
      return "requires a notation signature";
    case Program:
      return "requires the word of " + rule.program;
    default:
      return "lets none run";
  }
}

}  // namespace

Async<Status> Admission::admit(std::shared_ptr<Repository> from, docker::ImageReference reference,
                               std::string digest, std::stop_token stop) {
  if (!parts_.policy) co_return Status();
  const std::string key = reference.repository() + "@" + digest;
  if (admitted_.contains(key)) co_return Status();
  const Rule& rule = parts_.policy->ruleFor(reference.repository());
  const Status checked = co_await check(std::move(from), rule, reference, digest, std::move(stop));
  if (checked) {
    admitted_.insert(key);
    co_return checked;
  }
  if (!isAboutOne(checked.error())) co_return checked.error().in("signatures of " + key);
  const std::string which = rule.prefix.empty() ? "\"otherwise\"" : "the rule for " + rule.prefix;
  const std::string why = "image policy " + parts_.policy->name() + ": " + which + " " + wanted(rule) +
                          ", and " + key + " is refused: " + checked.error().message + "; " + wayOut(rule);
  if (refusals_.size() >= kMostRefusals) refusals_.clear();
  refusals_.insert(why);
  parts_.log.warn("an image is refused", {{"image", key}, {"reason", checked.error().message}});
  co_return unsuited(why);
}

Async<Status> Admission::check(std::shared_ptr<Repository> from, const Rule& rule,
                               docker::ImageReference reference, std::string digest, std::stop_token stop) {
  switch (rule.require) {
    case Rule::Require::Nothing:
      co_return Status();
    case Rule::Require::Cosign:
      co_return co_await cosign(std::move(from), rule, std::move(digest), std::move(stop));
    case Rule::Require::Notation:
      co_return co_await notation(std::move(from), rule, std::move(digest), std::move(stop));
    case Rule::Require::Program:
      co_return co_await program(rule, std::move(reference), std::move(digest));
    case Rule::Require::Never:
      break;
  }
  co_return unsuited("no rule lets it run");
}

/// By the tag that cosign gives it, else among what refers to the image.
Async<Status> Admission::cosign(std::shared_ptr<Repository> from, const Rule& rule, std::string digest,
                                std::stop_token stop) {
  Status best = makeError(Code::NotFound, "it has no signature");
  const auto tagged = co_await from->manifest(tagOfDigest(digest) + ".sig", stop);
  if (!tagged && !isAboutOne(tagged.error())) co_return tagged.error();
  if (tagged) take(best, co_await cosignOf(from, rule, digest, tagged->text, stop));
  if (best || !isAboutOne(best.error())) co_return best;
  const auto others = co_await from->referrers(digest, std::string(signatures::kCosignArtifact), stop);
  if (!others && !isAboutOne(others.error())) co_return others.error();
  if (!others) co_return best;
  for (const std::string& other : *others) {
    const auto manifest = co_await from->manifest(other, stop);
    if (!manifest && !isAboutOne(manifest.error())) co_return manifest.error();
    if (manifest) take(best, co_await cosignOf(from, rule, digest, manifest->text, stop));
    if (best) break;
  }
  co_return best;
}

Async<Status> Admission::cosignOf(std::shared_ptr<Repository> from, const Rule& rule, std::string digest,
                                  std::string manifest, std::stop_token stop) {
  Status best = makeError(Code::NotFound, "it has no signature");
  const auto layers = signatures::signatureLayers(manifest);
  if (!layers) co_return unsuited("its signature's manifest can't be read");
  for (const signatures::SignatureLayer& layer : *layers) {
    if (layer.mediaType != signatures::kCosignLayer || layer.signature.empty()) continue;
    const auto payload = co_await smallBlob(from, layer.digest, stop);
    if (!payload && !isAboutOne(payload.error())) co_return payload.error();
    take(best, payload ? signatures::checkCosign(*payload, layer.signature, rule.keys, digest)
                       : Status(payload.error()));
    if (best) break;
  }
  co_return best;
}

Async<Status> Admission::notation(std::shared_ptr<Repository> from, const Rule& rule, std::string digest,
                                  std::stop_token stop) {
  Status best = makeError(Code::NotFound, "it has no signature");
  const auto all = co_await from->referrers(digest, std::string(signatures::kNotationArtifact), stop);
  if (!all && !isAboutOne(all.error())) co_return all.error();
  if (!all) co_return best;
  for (const std::string& one : *all) {
    const auto manifest = co_await from->manifest(one, stop);
    if (!manifest && !isAboutOne(manifest.error())) co_return manifest.error();
    if (manifest) take(best, co_await notationOf(from, rule, digest, manifest->text, stop));
    if (best) break;
  }
  co_return best;
}

Async<Status> Admission::notationOf(std::shared_ptr<Repository> from, const Rule& rule, std::string digest,
                                    std::string manifest, std::stop_token stop) {
  Status best = makeError(Code::NotFound, "it has no signature");
  const auto layers = signatures::signatureLayers(manifest);
  if (!layers) co_return unsuited("its signature's manifest can't be read");
  for (const signatures::SignatureLayer& layer : *layers) {
    if (layer.mediaType != signatures::kNotationLayer) {
      take(best, unsuited("its signature is of the type " + layer.mediaType + ": only JWS is known"));
      continue;
    }
    const auto envelope = co_await smallBlob(from, layer.digest, stop);
    if (!envelope && !isAboutOne(envelope.error())) co_return envelope.error();
    if (!envelope) take(best, envelope.error());
    for (const signatures::Certificates& trusted : rule.certificates) {
      if (envelope) {
        const WallTime now = parts_.clock.now().wall;
        take(best, signatures::checkNotation(*envelope, trusted, digest, now));
      }
    }
    if (best) break;
  }
  co_return best;
}

/// Told on its standard input; its exit code decides, and what it says first is the reason.
Async<Status> Admission::program(const Rule& rule, docker::ImageReference reference, std::string digest) {
  network::ProgramCall call;
  call.command = {rule.program};
  call.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  call.input = berth::json::dump(
      {{"repository", reference.repository()}, {"digest", digest}, {"policy", parts_.policy->name()}});
  call.limit = rule.limit;
  const auto end = co_await network::runProgram(std::move(call));
  if (!end) co_return unsuited(end.error().message);
  if (end->code == 0) co_return Status();
  const std::string& said = end->errors.empty() ? end->output : end->errors;
  co_return unsuited("it ended with " + std::to_string(end->code) + ": " +
                     said.substr(0, std::min(said.find('\n'), kShownOfProgram)));
}

}  // namespace berth::agent::containerd
