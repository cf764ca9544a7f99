// Checks a bundle with @sigstore/verify: its library, by a key alone.
const crypto = require('node:crypto');
const fs = require('node:fs');
const { bundleFromJSON } = require('@sigstore/bundle');
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');

const [bundlePath, keyPath] = process.argv.slice(2);
const bundle = bundleFromJSON(JSON.parse(fs.readFileSync(bundlePath, 'utf8')));
const rawBytes = crypto
  .createPublicKey(fs.readFileSync(keyPath, 'utf8'))
  .export({ type: 'spki', format: 'der' });
// A library looks keys up by what a bundle says; that the key is the one of the file is what is checked.
const { hint } = JSON.parse(fs.readFileSync(bundlePath, 'utf8')).verificationMaterial.publicKey;

const root = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
const keys = { [hint]: { rawBytes, validFor: { start: new Date(0) } } };
const details = rawBytes.includes(Buffer.from('06032b6570', 'hex'))
  ? 'PKIX_ED25519'
  : 'PKIX_ECDSA_P256_SHA_256';
keys[hint].keyDetails = require('@sigstore/protobuf-specs').PublicKeyDetails[details];

const none = { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 };
new Verifier(toTrustMaterial(root, keys), none).verify(toSignedEntity(bundle));
console.log('accepted by @sigstore/verify');
