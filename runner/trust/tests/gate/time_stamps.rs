//! Words of a key that was revoked, which an authority has stamped before: they count for as long as the authority
//! does, by the root in force and by what was revoked in the log. The authority is played by openssl.

use zwieback_attest::bundle::Bundle;
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::trust_root::{self, TrustRoot};
use zwieback_attest::trusted_time::{certificate, request};
use zwieback_model::timestamp::Timestamp;
use zwieback_test_world::authority::Authority;
use zwieback_trust::command::revoke::{Revoke, revoke};
use zwieback_trust::command::submit;
use zwieback_trust::statement::revocation::Revoked;

use crate::standing_attacks::put_in_force;
use crate::statements::approved;
use crate::world::World;

/// A company that trusts the authority, and another one.
struct Stamped {
    world: World,
    authority: Authority,
    _folder: tempfile::TempDir,
}

impl Stamped {
    /// An approval of ada's is stamped, and her key is revoked from after that on.
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let certificates = "stamper tsa; stamper other";
        let stamped = Self {
            world: World::new(),
            authority: Authority::start("time_stamps", folder.path(), certificates)?,
            _folder: folder,
        };
        let both = [stamped.certificate("tsa"), stamped.certificate("other")];
        stamped.put_root(2, |root| root.time_stampers = both.into());
        stamped.world.release("1.0");
        stamped.approve();
        stamped.revoke("ada", Some("2999-01-01T00:00:00Z"));
        assert_eq!(stamped.verdict(), None, "what was stamped before counts");
        Some(stamped)
    }

    fn certificate(&self, name: &str) -> Vec<u8> {
        certificate::to_der(&self.authority.pem(name)).unwrap()
    }

    fn key(&self, name: &str) -> PublicKey {
        match self.world.keys.get(name) {
            Some(key) => zwieback_host::keys::signer::Signer::public_key(key).clone(),
            None => certificate::key(&self.certificate(name)).unwrap(),
        }
    }

    fn put_root(&self, version: u64, root: impl FnOnce(&mut TrustRoot)) {
        put_in_force(&self.world, version, &str::to_owned, root);
    }

    fn approve(&self) {
        let (bundle, key) = self.world.sealed("ada", &approved(&self.world, "1.0"));
        let stamp = self.stamp(&bundle);
        let handed_in = [(bundle.with_timestamp(stamp), key)];
        submit::submit(&self.world.reader(), &self.world.log_key, &handed_in).unwrap();
    }

    fn stamp(&self, bundle: &Bundle) -> Vec<u8> {
        let query = request::request(bundle.signature(), [0; 8]).unwrap();
        self.authority.reply(&query, "tsa")
    }

    fn revoke(&self, whose: &str, from: Option<&str>) {
        let wish = Revoke {
            revoked: Revoked::Key(self.key(whose).id().name()),
            from: from.map(|time| time.parse().unwrap()),
            reason: "stolen".to_owned(),
        };
        revoke(&self.world.session("sam"), &wish).unwrap();
    }

    /// Why the release does not go to staging, by the whole log as by the snapshot.
    fn verdict(&self) -> Option<String> {
        let decision = self.world.decide("1.0", "staging");
        let refusal = decision.verdict().err();
        refusal.map(|refusal| refusal.reason.code().to_owned())
    }
}

fn in_root(stamped: &Stamped, from: Option<Timestamp>) -> impl FnOnce(&mut TrustRoot) {
    let both = [stamped.certificate("tsa"), stamped.certificate("other")];
    let revocation = trust_root::Revocation {
        from,
        reason: "stolen".to_owned(),
    };
    let revoked = (stamped.key("tsa").id().name(), revocation);
    |root| {
        root.time_stampers = both.into();
        root.revoked = vec![revoked];
    }
}

/// Once it was dropped, it is asked no more: not about what it has stamped while it was trusted, either.
#[test]
fn an_authority_that_was_dropped_vouches_for_nothing() {
    let Some(stamped) = Stamped::start() else {
        return;
    };
    let other = stamped.certificate("other");
    stamped.put_root(3, |root| root.time_stampers = vec![other]);
    assert_eq!(stamped.verdict().as_deref(), Some("signer-revoked"));
    let none = |root: &mut TrustRoot| root.time_stampers = Vec::new();
    stamped.put_root(4, none);
    assert_eq!(stamped.verdict().as_deref(), Some("signer-revoked"));
    // It is back: what it stamped counts again, as it does in any bundle.
    let both = [stamped.certificate("tsa"), stamped.certificate("other")];
    stamped.put_root(5, |root| root.time_stampers = both.into());
    assert_eq!(stamped.verdict(), None);
}

#[test]
fn an_authority_that_was_revoked_in_the_root_vouches_for_nothing() {
    let Some(stamped) = Stamped::start() else {
        return;
    };
    let time = |text: &str| Some(text.parse().unwrap());
    stamped.put_root(3, in_root(&stamped, time("2998-01-01T00:00:00Z")));
    assert_eq!(stamped.verdict(), None, "what it stamped before");
    stamped.put_root(4, in_root(&stamped, time("2001-01-01T00:00:00Z")));
    assert_eq!(stamped.verdict().as_deref(), Some("signer-revoked"));
    stamped.put_root(5, in_root(&stamped, None));
    assert_eq!(stamped.verdict().as_deref(), Some("signer-revoked"));
}

/// One person of the role is enough for this key as for any other.
#[test]
fn an_authority_that_was_revoked_in_the_log_vouches_for_nothing() {
    let Some(stamped) = Stamped::start() else {
        return;
    };
    stamped.revoke("other", None);
    assert_eq!(stamped.verdict(), None, "that was another one");
    stamped.revoke("tsa", Some("2998-01-01T00:00:00Z"));
    assert_eq!(stamped.verdict(), None, "what it stamped before");
    stamped.revoke("tsa", None);
    assert_eq!(stamped.verdict().as_deref(), Some("signer-revoked"));
}
