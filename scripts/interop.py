"""Checks a bundle with securesystemslib, and its statement with in-toto's own protobufs."""

import json
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

bundle_path, key_path = sys.argv[1:]
with open(bundle_path, encoding="utf-8") as file:
    bundle = json.load(file)
with open(key_path, "rb") as file:
    pem = file.read()

hint = bundle["verificationMaterial"]["publicKey"]["hint"]
key = SSlibKey.from_crypto(load_pem_public_key(pem), keyid=hint)
envelope = Envelope.from_dict(bundle["dsseEnvelope"])
accepted = envelope.verify([key], 1)
assert list(accepted) == [hint], accepted
print("accepted by securesystemslib")

# json_format refuses unknown members: nothing in the statement is our own invention.
statement = json_format.Parse(envelope.payload, statement_pb2.Statement())
if statement.predicate_type == "https://slsa.dev/provenance/v1":
    predicate = json_format.MessageToJson(statement.predicate)
    json_format.Parse(predicate, provenance_pb2.Provenance())
print("parsed by in-toto-attestation, without unknown members")
