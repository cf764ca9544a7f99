// Checks a bundle with @sigstore/verify: its signature by a key, its log entry by a trusted root.
const crypto = require('node:crypto');
const fs = require('node:fs');
const { bundleFromJSON } = require('@sigstore/bundle');
const { PublicKeyDetails, TrustedRoot } = require('@sigstore/protobuf-specs');
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');

const [bundlePath, keyPath, rootPath] = process.argv.slice(2);
const bundle = bundleFromJSON(JSON.parse(fs.readFileSync(bundlePath, 'utf8')));
const root = TrustedRoot.fromJSON(JSON.parse(fs.readFileSync(rootPath, 'utf8')));
const rawBytes = crypto
  .createPublicKey(fs.readFileSync(keyPath, 'utf8'))
  .export({ type: 'spki', format: 'der' });
const hint = crypto.createHash('sha256').update(rawBytes).digest('base64');
const details = rawBytes.includes(Buffer.from('06032b6570', 'hex'))
  ? 'PKIX_ED25519'
  : 'PKIX_ECDSA_P256_SHA_256';
const keys = {
  [hint]: { rawBytes, validFor: { start: new Date(0) }, keyDetails: PublicKeyDetails[details] },
};

// One entry of the log is asked for: without its proof the bundle is refused.
const one = { ctlogThreshold: 0, tlogThreshold: 1, timestampThreshold: 0 };
new Verifier(toTrustMaterial(root, keys), one).verify(toSignedEntity(bundle));
console.log('accepted by @sigstore/verify, with its log entry');
