"""Parses the statement in a bundle with in-toto's own protobufs: BUNDLE"""

import base64
import json
import sys

from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2

with open(sys.argv[1], encoding="utf-8") as file:
    payload = base64.b64decode(json.load(file)["dsseEnvelope"]["payload"])

# json_format refuses unknown members: nothing in the statement is our own invention.
statement = json_format.Parse(payload, statement_pb2.Statement())
if statement.predicate_type == "https://slsa.dev/provenance/v1":
    predicate = json_format.MessageToJson(statement.predicate)
    json_format.Parse(predicate, provenance_pb2.Provenance())
