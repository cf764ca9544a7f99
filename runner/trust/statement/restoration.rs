//! A restoration: keepers say that the log was put back, and which later trees it gave up.

use std::collections::BTreeSet;

use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_model::digest::Digest;
use zwieback_model::digest_set::DigestSet;
use zwieback_model::json::fields::{FieldError, FieldProblem, Fields};
use zwieback_model::json::value::Value;
use zwieback_model::timestamp::Timestamp;

use super::heading::{self, Heading, number};
use crate::tlog::proof::TreeHead;

/// The predicate type.
pub const PREDICATE_TYPE: &str = "https://zwieback.example/statements/log-restored/v1";

/// A memory that was given up may be given up for so long: an old word must not excuse a new loss.
pub const LONGEST: i64 = 30 * 86_400;

/// One keeper's word that the log was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restoration {
    /// For which log, and when.
    pub heading: Heading,
    /// The trees that readers remember and that the log has no more, each exactly.
    pub old: BTreeSet<TreeHead>,
    /// The tree that it was put back to.
    pub new: TreeHead,
    /// Why.
    pub reason: String,
    /// From when on no memory takes it any more.
    pub expires: Timestamp,
}

impl Restoration {
    /// What stands for the trees, which all keepers must mean alike.
    pub fn digest(&self) -> Digest {
        let heads = self.old.iter().chain([&self.new]);
        let lines = heads.map(|head| format!("{} {}\n", head.size, head.root.to_hex()));
        let text = format!("zwieback log restored v1\n{}", lines.collect::<String>());
        Digest::sha256(text.as_bytes())
    }

    /// The statement.
    pub fn into_statement(self) -> Statement {
        let digest = DigestSet::sha256(self.digest());
        let subject = ResourceDescriptor::named(self.heading.log.as_str(), digest);
        let old: Vec<Value> = self.old.iter().map(tree).collect();
        self.heading.statement(
            PREDICATE_TYPE,
            subject,
            [
                ("old", Some(old.into())),
                ("new", Some(tree(&self.new))),
                ("reason", Some(self.reason.as_str().into())),
                ("expires", Some(self.expires.to_string().into())),
            ],
        )
    }

    /// Reads the predicate.
    pub fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let old = fields.list("old")?.into_iter();
        let old = old.map(|(path, value)| read_tree(&Fields::of(value, &path)?));
        let restoration = Self {
            heading: Heading::read(fields, &["old", "new", "reason", "expires"])?,
            old: old.collect::<Result<_, _>>()?,
            new: read_tree(&fields.object("new")?)?,
            reason: fields.text("reason")?.to_owned(),
            expires: heading::time(fields, "expires")?,
        };
        let rule = |name, rule| Err(fields.error(name, FieldProblem::Rule(rule)));
        if restoration.old.is_empty() {
            return rule("old", "names no tree");
        }
        if restoration.reason.trim().is_empty() {
            return rule("reason", "is empty");
        }
        let lasts = restoration
            .expires
            .seconds_since(restoration.heading.issued);
        if !(0..=LONGEST).contains(&lasts) {
            return rule("expires", "is not within 30 days");
        }
        Ok(restoration)
    }
}

fn tree(head: &TreeHead) -> Value {
    Value::object([
        ("size", number(head.size)),
        ("root", head.root.to_hex().into()),
    ])
}

fn read_tree(fields: &Fields<'_>) -> Result<TreeHead, FieldError> {
    fields.only(&["size", "root"])?;
    let rule = FieldProblem::Rule("is no SHA-256");
    let root = fields.text("root")?.parse();
    Ok(TreeHead {
        size: heading::count(fields, "size")?,
        root: root.map_err(|_| fields.error("root", rule))?,
    })
}
