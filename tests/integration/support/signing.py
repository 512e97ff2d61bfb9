"""Images and their signatures, put into a registry as cosign and notation do it. Keys are made by python3-cryptography."""

import base64
import datetime
import hashlib
import json
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
EMPTY = b"{}"


def digest_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def unpadded(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def pem_of(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


class Shelf:
    """One registry. `reference` is REPOSITORY:TAG or REPOSITORY@DIGEST without the registry."""

    def __init__(self, address):
        self.address = address

    def _ask(self, method, path, content=None, **headers):
        url = path if path.startswith("http") else f"http://{self.address}/v2/{path}"
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(url, data=content, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.headers, answer.read()

    def put_blob(self, repository, content):
        headers, _ = self._ask("POST", f"{repository}/blobs/uploads/", b"")
        place = headers["Location"]
        place += ("&" if "?" in place else "?") + "digest=" + digest_of(content)
        self._ask("PUT", place, content, Content_Type="application/octet-stream")
        return {"digest": digest_of(content), "size": len(content)}

    def put_manifest(self, repository, version, document, kind=MANIFEST):
        content = json.dumps({"schemaVersion": 2, "mediaType": kind, **document}).encode()
        version = version or digest_of(content)
        self._ask("PUT", f"{repository}/manifests/{version}", content, Content_Type=kind)
        return {"mediaType": kind, "digest": digest_of(content), "size": len(content)}

    def copy(self, source, repository, note=""):
        """The sample image `source` once more as REPOSITORY:1; another note makes another image of it."""
        _, content = self._ask("GET", f"{source}/manifests/1", Accept=DOCKER)
        document = json.loads(content)
        for blob in [document["config"], *document["layers"]]:
            self._ask("POST", f"{repository}/blobs/uploads/?mount={blob['digest']}&from={source}", b"")
        kind = document.pop("mediaType")
        del document["schemaVersion"]
        return self.put_manifest(repository, "1", {**document, **({"annotations": {"note": note}} if note else {})},
                                 kind)["digest"]

    def cosign(self, repository, image, key, of=None):
        """Signs the digest `of`, and puts that where the signature of `image` belongs."""
        payload = json.dumps({"critical": {"identity": {"docker-reference": f"{self.address}/{repository}"},
                                           "image": {"docker-manifest-digest": of or image},
                                           "type": "cosign container image signature"}, "optional": None}).encode()
        curve = isinstance(key, ec.EllipticCurvePrivateKey)
        signature = key.sign(payload, ec.ECDSA(hashes.SHA256())) if curve else key.sign(payload)
        layer = {"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", **self.put_blob(repository, payload),
                 "annotations": {"dev.cosignproject.cosign/signature": base64.b64encode(signature).decode()}}
        config = {"mediaType": "application/vnd.oci.image.config.v1+json", **self.put_blob(repository, EMPTY)}
        self.put_manifest(repository, image.replace(":", "-") + ".sig", {"config": config, "layers": [layer]})

    def notation(self, repository, image, key, chain, **header):
        """Signs the image by a key whose certificate is the first of `chain`, among its referrers by the fallback tag."""
        header = {"alg": "ES256", "cty": "application/vnd.cncf.notary.payload.v1+json",
                  "crit": ["io.cncf.notary.signingScheme"], "io.cncf.notary.signingScheme": "notary.x509", **header}
        payload = {"targetArtifact": {"mediaType": DOCKER, "digest": image, "size": 1}}
        parts = [unpadded(json.dumps(one).encode()) for one in (header, payload)]
        r, s = utils.decode_dss_signature(key.sign(".".join(parts).encode(), ec.ECDSA(hashes.SHA256())))
        envelope = {"protected": parts[0], "payload": parts[1],
                    "signature": unpadded(r.to_bytes(32, "big") + s.to_bytes(32, "big")),
                    "header": {"x5c": [base64.b64encode(one.public_bytes(serialization.Encoding.DER)).decode()
                                       for one in chain]}}
        layer = {"mediaType": "application/jose+json", **self.put_blob(repository, json.dumps(envelope).encode())}
        kind = "application/vnd.cncf.notary.signature"
        config = {"mediaType": kind, **self.put_blob(repository, EMPTY)}
        made = self.put_manifest(repository, None, {"config": config, "layers": [layer],
                                                    "subject": {"mediaType": DOCKER, "digest": image, "size": 1}})
        self.put_manifest(repository, image.replace(":", "-"), {"manifests": [{**made, "artifactType": kind}]}, INDEX)


class Authority:
    """A root and what it signs."""

    def __init__(self, name):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._made(name, self.key.public_key(), name, True, 1)

    def _made(self, subject, key, issuer, root, days):
        def named(text):
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder().subject_name(named(subject)).issuer_name(named(issuer)).public_key(key)
                   .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=30))
                   .not_valid_after(now + datetime.timedelta(days=days))
                   .add_extension(x509.BasicConstraints(root, None), True))
        if not root:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)
        self.name = issuer
        return builder.sign(self.key, hashes.SHA256())

    def signer(self, days=1):
        """A key and its chain of certificates."""
        key = ec.generate_private_key(ec.SECP256R1())
        return key, [self._made("signer", key.public_key(), self.name, False, days), self.certificate]

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def new_keys():
    """One of each kind that cosign signs by here."""
    return ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
