//! A trust root and builds for the tests of this module.

use crate::build_type::ForeignBuildTypes;
use crate::fixture::{BUILDER, Forgery, NOW, artifact, payload, public};
use crate::provenance::Provenance;
use crate::trust::Trust;
use crate::trust_root::{BuilderKey, Quorum, TrustRoot};
use crate::verify::{Request, Verified, verify};

pub(crate) const HEAD: &str = "version = 3\nexpires = \"2027-01-01T00:00:00Z\"\n";

/// Keys 1 and 2 are acme's, 3 is another operator's; all speak for the same builder.
pub(crate) fn trust() -> Trust {
    let key = |number: u8, operator: &str| BuilderKey {
        key: public(number),
        builder: BUILDER.into(),
        operator: operator.into(),
        level: 2.try_into().unwrap(),
        from: None,
        until: None,
    };
    Trust::Root(Box::new(TrustRoot {
        version: 1,
        line: None,
        expires: "2030-01-01T00:00:00Z".parse().unwrap(),
        quorum: quorum(),
        builders: vec![key(1, "acme"), key(2, "acme"), key(3, "other")],
        verifiers: vec![],
        revoked: vec![],
        time_stampers: vec![],
    }))
}

pub(crate) fn quorum() -> Quorum {
    Quorum {
        keys: vec![public(11), public(12)],
        threshold: 2,
    }
}

pub(crate) fn build(provenance: &Provenance, signer: u8) -> Verified {
    build_in(&trust(), provenance, signer)
}

pub(crate) fn build_in(trust: &Trust, provenance: &Provenance, signer: u8) -> Verified {
    let bundle = Forgery::new(payload(provenance), signer).text();
    let verified = verify(&Request {
        bundle: bundle.as_bytes(),
        artifacts: &[artifact("a", b"lib/a")],
        trust,
        foreign: &ForeignBuildTypes::new(),
        now: NOW.parse().unwrap(),
    });
    verified.unwrap()
}
