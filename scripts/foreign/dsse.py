"""Checks the envelope in a bundle with securesystemslib: BUNDLE PUBLIC_KEY"""

import json
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

bundle_path, key_path = sys.argv[1:]
with open(bundle_path, encoding="utf-8") as file:
    bundle = json.load(file)
with open(key_path, "rb") as file:
    pem = file.read()

# The library looks a key up by what the envelope says; that this one made the signature is what is checked.
hint = bundle["verificationMaterial"]["publicKey"]["hint"]
key = SSlibKey.from_crypto(load_pem_public_key(pem), keyid=hint)
accepted = Envelope.from_dict(bundle["dsseEnvelope"]).verify([key], 1)
if list(accepted) != [hint]:
    sys.exit(f"accepted by {accepted}")
