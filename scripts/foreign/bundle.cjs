// Checks a bundle with @sigstore/verify: BUNDLE PUBLIC_KEY [TRUSTED_ROOT]
//
// By the key alone, or also by one entry of a log that the trusted root names.
const crypto = require('node:crypto');
const fs = require('node:fs');
const { bundleFromJSON } = require('@sigstore/bundle');
const { PublicKeyDetails, TrustedRoot } = require('@sigstore/protobuf-specs');
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');

const [bundlePath, keyPath, rootPath] = process.argv.slice(2);
const read = (path) => JSON.parse(fs.readFileSync(path, 'utf8'));
const bundle = bundleFromJSON(read(bundlePath));
const key = crypto.createPublicKey(fs.readFileSync(keyPath, 'utf8'));
// The library looks a key up by what the bundle says; that this one is found is what is checked.
const { hint } = read(bundlePath).verificationMaterial.publicKey;
const keys = {
  [hint]: {
    rawBytes: key.export({ type: 'spki', format: 'der' }),
    validFor: { start: new Date(0) },
    keyDetails: PublicKeyDetails[
      key.asymmetricKeyType === 'ed25519' ? 'PKIX_ED25519' : 'PKIX_ECDSA_P256_SHA_256'
    ],
  },
};

const nothing = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
const root = rootPath ? TrustedRoot.fromJSON(read(rootPath)) : nothing;
// With a trusted root, a bundle that lacks the proof of its entry is refused.
const asked = { ctlogThreshold: 0, tlogThreshold: rootPath ? 1 : 0, timestampThreshold: 0 };
new Verifier(toTrustMaterial(root, keys), asked).verify(toSignedEntity(bundle));
