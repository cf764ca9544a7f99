//! Changes of a trust root: each gives the next version, which the quorum has yet to sign.

use zwieback_model::timestamp::Timestamp;

use super::key_id::KeyId;
use super::public_key::PublicKey;
use super::trust_root::{BuilderKey, Quorum, Revocation, TrustRoot, VerifierKey};
use crate::trusted_time::certificate::{self, CertificateError};

/// A change that would leave a root of which nobody can make the next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootChangeError {
    /// The key stands nowhere in the root.
    #[error("key {} is not in the trust root", .0.short())]
    UnknownKey(KeyId),
    /// Too few keys would be left to sign the next root.
    #[error("key {} may sign the trust root itself: rotate it first", .0.short())]
    LastOfQuorum(KeyId),
    /// The time stamp authority's key was revoked.
    #[error("key {} was revoked in the trust root: what it stamps does not count", .0.short())]
    Revoked(KeyId),
    /// The certificate cannot be one of a time stamp authority.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

/// A first root with one keeper, who trusts nobody yet.
pub fn found(keeper: PublicKey, expires: Timestamp) -> TrustRoot {
    TrustRoot {
        version: 1,
        line: None,
        expires,
        quorum: Quorum {
            keys: vec![keeper],
            threshold: 1,
        },
        builders: Vec::new(),
        verifiers: Vec::new(),
        revoked: Vec::new(),
        time_stampers: Vec::new(),
    }
}

/// The next root, in which that key speaks for that builder too.
pub fn with_builder(root: &TrustRoot, entry: BuilderKey) -> TrustRoot {
    let mut next = next(root);
    next.builders.push(entry);
    next
}

/// The next root, in which that key signs summaries for that verifier.
pub fn with_verifier(root: &TrustRoot, entry: VerifierKey) -> TrustRoot {
    let mut next = next(root);
    next.verifiers.push(entry);
    next
}

/// The next root, which believes that authority about time.
pub fn with_time_stamper(
    root: &TrustRoot,
    authority: Vec<u8>,
) -> Result<TrustRoot, RootChangeError> {
    let key = certificate::key(&authority)?.id();
    if root.revocations(key).next().is_some() {
        return Err(RootChangeError::Revoked(key));
    }
    let mut next = next(root);
    next.time_stampers.push(authority);
    Ok(next)
}

/// The next root, in which a new key stands wherever the old one stood. What the old one signed
/// before, by trusted time, goes on to count.
pub fn rotate(
    root: &TrustRoot,
    old: KeyId,
    new: &PublicKey,
    now: Timestamp,
) -> Result<TrustRoot, RootChangeError> {
    let mut next = next(root);
    let mut found = false;
    for key in &mut next.quorum.keys {
        if key.id() == old {
            key.clone_from(new);
            found = true;
        }
    }
    for verifier in &mut next.verifiers {
        if verifier.key.id() == old {
            verifier.key = new.clone();
            found = true;
        }
    }
    let mut successors = Vec::new();
    for entry in &mut next.builders {
        let retired = entry.until.is_some_and(|until| until <= now);
        if entry.key.id() == old && !retired {
            let mut successor = entry.clone();
            successor.key = new.clone();
            successor.from = Some(now);
            successors.push(successor);
            entry.until = Some(now);
            found = true;
        }
    }
    next.builders.extend(successors);
    found
        .then_some(next)
        .ok_or(RootChangeError::UnknownKey(old))
}

/// The next root, in which that key is not believed any more.
pub fn revoke(
    root: &TrustRoot,
    key: KeyId,
    revocation: Revocation,
) -> Result<TrustRoot, RootChangeError> {
    if root.quorum.keys.iter().any(|it| it.id() == key) {
        return Err(RootChangeError::LastOfQuorum(key));
    }
    let builders = root.builders.iter().map(|builder| builder.key.id());
    let mut known = builders.chain(root.verifiers.iter().map(|verifier| verifier.key.id()));
    let mut authorities = root.time_stampers.iter();
    if !known.any(|it| it == key) && !authorities.any(|authority| is_of(authority, key)) {
        return Err(RootChangeError::UnknownKey(key));
    }
    Ok(without(root, key, revocation))
}

/// The next root, in which a time stamp authority is not believed any more: one that the root trusts itself, or
/// by whoever issued its certificate.
pub fn revoke_authority(
    root: &TrustRoot,
    authority: &[u8],
    revocation: Revocation,
) -> Result<TrustRoot, RootChangeError> {
    let key = certificate::key(authority)?.id();
    let mut trusted = root.time_stampers.iter();
    if trusted.any(|trusted| certificate::has_issued(trusted, authority)) {
        return Ok(without(root, key, revocation));
    }
    revoke(root, key, revocation)
}

/// A certificate of it stays: what it says is then known to be nothing, where a stamp by somebody unknown is a
/// reason to refuse what it is on.
fn without(root: &TrustRoot, key: KeyId, revocation: Revocation) -> TrustRoot {
    let mut next = next(root);
    next.revoked.retain(|(name, _)| !name.names(key));
    next.revoked.push((key.name(), revocation));
    next
}

fn is_of(authority: &[u8], key: KeyId) -> bool {
    certificate::key(authority).is_ok_and(|own| own.id() == key)
}

/// The next root, which those keys keep from then on, so many of them together.
pub fn keepers(root: &TrustRoot, keys: Vec<PublicKey>, threshold: usize) -> TrustRoot {
    let mut next = next(root);
    next.quorum = Quorum { keys, threshold };
    next
}

/// The next root, good until then.
pub fn renew(root: &TrustRoot, expires: Timestamp) -> TrustRoot {
    let mut next = next(root);
    next.expires = expires;
    next
}

fn next(root: &TrustRoot) -> TrustRoot {
    let mut next = root.clone();
    next.version += 1;
    next.line = Some(root.line());
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{BUILDER, NOW, public};
    use crate::reason::Reason;
    use crate::signing_time::SigningTime;

    fn root() -> TrustRoot {
        let entry = BuilderKey {
            key: public(1),
            builder: BUILDER.into(),
            operator: "acme".into(),
            level: 2.try_into().unwrap(),
            from: None,
            until: None,
        };
        with_builder(
            &found(public(1), "2030-01-01T00:00:00Z".parse().unwrap()),
            entry,
        )
    }

    fn ask(root: &TrustRoot, key: u8, stamped: Option<&str>) -> Result<(), Reason> {
        let time = SigningTime {
            now: NOW.parse().unwrap(),
            stamped: stamped.map(|time| time.parse().unwrap()),
        };
        let entry = root.entry(public(key).id(), BUILDER, time);
        entry.map(drop).map_err(|refusal| refusal.reason)
    }

    #[test]
    fn after_a_rotation_only_trusted_time_saves_the_old_key() {
        let at = "2026-05-01T00:00:00Z";
        let next = rotate(&root(), public(1).id(), &public(2), at.parse().unwrap()).unwrap();
        assert_eq!(next.version, 3);
        assert_eq!(next.quorum.keys, [public(2)]);
        assert_eq!(ask(&next, 2, None), Ok(()));
        assert_eq!(ask(&next, 1, Some("2026-04-01T00:00:00Z")), Ok(()));
        assert_eq!(ask(&next, 1, None), Err(Reason::KeyRetired));
        let unknown = rotate(&next, public(9).id(), &public(3), NOW.parse().unwrap());
        assert_eq!(
            unknown.unwrap_err(),
            RootChangeError::UnknownKey(public(9).id())
        );
    }

    #[test]
    fn a_revoked_key_is_out_and_a_keeper_cannot_be_locked_out() {
        let why = || Revocation {
            from: None,
            reason: "lost".into(),
        };
        let root = root();
        let keeper = revoke(&root, public(1).id(), why()).unwrap_err();
        assert_eq!(keeper, RootChangeError::LastOfQuorum(public(1).id()));
        let at = "2026-05-01T00:00:00Z".parse().unwrap();
        let rotated = rotate(&root, public(1).id(), &public(2), at).unwrap();
        let revoked = revoke(&rotated, public(1).id(), why()).unwrap();
        let stamped = Some("2026-04-01T00:00:00Z");
        assert_eq!(ask(&revoked, 1, stamped), Err(Reason::KeyRevoked));
    }
}
