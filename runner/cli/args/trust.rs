//! Arguments of the commands about signatures.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use zwieback_model::digest::Digest;
use zwieback_model::manifest::quantity::Seconds;
use zwieback_model::name::Name;

use super::release::SayArgs;
use crate::pipeline::context::keyring::KeyLocator;
use crate::pipeline::context::log_belief::LogBelief;
use crate::pipeline::trust::evidence::TrustOptions;
use crate::pipeline::trust::policy_file::UnsignedPolicy;
use crate::pipeline::trust::verify::SummaryOptions;

/// Arguments of `zwieback sign`.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// A run that was built with --unsigned, or a recipe, for its newest run
    #[arg(value_name = "RUN")]
    pub run: String,
    /// The private key to sign with: a name, a file, `pkcs11:…` or `exec:…`
    #[arg(long, value_name = "KEY")]
    pub key: Option<KeyLocator>,
    /// The SHA-256 of the statement, as `build --unsigned` told it; another one is not signed
    #[arg(long, value_name = "SHA256")]
    pub statement: Option<Digest>,
    /// A signed trust root that must let the key speak for this builder
    #[arg(long, value_name = "ROOT")]
    pub trust: Option<PathBuf>,
    /// A policy that must be content before the key is asked
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// How the policy comes to count.
    #[command(flatten)]
    pub unsigned: UnsignedArgs,
    /// Where the artifacts are to be used, if the policy tells places apart
    #[arg(long, value_name = "NAME", requires = "policy")]
    pub environment: Option<Name>,
    /// Copy artifacts, bundle and SHA256SUMS to a folder
    #[arg(long, value_name = "DIR")]
    pub export: Option<PathBuf>,
}

/// Arguments of `zwieback verify`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("evidence").args(["bundle", "summary"]).required(true).multiple(true))]
#[command(group = ArgGroup::new("rules").args(["policy", "summary"]).multiple(true))]
pub struct VerifyArgs {
    /// Files to verify, or folders that must be all that was built and nothing else
    #[arg(required = true, value_name = "ARTIFACT")]
    pub artifacts: Vec<PathBuf>,
    /// What of a folder is not looked at.
    #[command(flatten)]
    pub leave: LeaveArgs,
    /// A bundle with provenance, or `.intoto.jsonl` (can be repeated); each must be about every artifact
    #[arg(long, value_name = "FILE")]
    pub bundle: Vec<PathBuf>,
    /// Whom to believe.
    #[command(flatten)]
    pub trust: TrustArgs,
    /// A policy, plain or signed by the keepers of the trust root
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// How the policy comes to count.
    #[command(flatten)]
    pub unsigned: UnsignedArgs,
    /// Where the artifacts are to be used, if the policy or the summary tells places apart
    #[arg(long, value_name = "NAME", requires = "rules")]
    pub environment: Option<String>,
    /// The log that every bundle must prove to be in.
    #[command(flatten)]
    pub logged: LoggedArgs,
    /// Write a signed verification summary
    #[arg(long, value_name = "FILE", requires_all = ["policy", "resource"])]
    pub vsa: Option<PathBuf>,
    /// What the artifacts are, for the summary: a package URL, an address
    #[arg(long, value_name = "URI")]
    pub resource: Option<String>,
    /// The private key to sign the summary with
    #[arg(long, value_name = "KEY", requires = "vsa")]
    pub sign_key: Option<KeyLocator>,
    /// Somebody's verification summary.
    #[command(flatten)]
    pub summary: SummaryArgs,
}

/// What is taken for a policy.
#[derive(Clone, Copy, Debug, Args)]
pub struct UnsignedArgs {
    /// Under a trust root, take a policy that its keepers have not signed
    #[arg(long)]
    pub unsigned_policy: bool,
}

impl UnsignedArgs {
    /// The choice.
    pub fn choice(self) -> UnsignedPolicy {
        if self.unsigned_policy {
            UnsignedPolicy::Taken
        } else {
            UnsignedPolicy::Refused
        }
    }
}

/// What of a folder is not looked at.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct LeaveArgs {
    /// Do not compare executable bits, which archives and file systems lose; a summary says so
    #[arg(long)]
    pub ignore_mode: bool,
    /// A folder may lack some of what was built; what is there must still be as it was
    #[arg(long)]
    pub subset: bool,
}

/// A verification summary in place of provenance: a verifier's word, and what it must say.
#[derive(Debug, Args)]
pub struct SummaryArgs {
    /// A verification summary in place of bundles; with --policy, it must rest on that very policy
    #[arg(long, value_name = "FILE", requires_all = ["trust", "resource"], conflicts_with_all = ["bundle", "vsa"])]
    pub summary: Option<PathBuf>,
    /// The SLSA build level that the summary must name
    #[arg(long, value_name = "N", requires = "summary", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=3))]
    pub level: u8,
    /// A property that the summary must name, such as `SLSA_BUILD_REPRODUCED` (can be repeated)
    #[arg(long, value_name = "NAME", requires = "summary")]
    pub property: Vec<String>,
    /// How old the summary may be: it knows nothing of later revocations
    #[arg(long, value_name = "DAYS", requires = "summary")]
    pub max_age: Option<u32>,
}

/// The log that bundles must prove to be in; without it their proofs are not looked at.
#[derive(Clone, Debug, Args)]
pub struct LoggedArgs {
    /// Ask for proof that each bundle is in the log with this key, as `log init` prints it
    #[arg(long, value_name = "KEY", conflicts_with = "log_witnesses")]
    pub log_signed_by: Option<String>,
    /// Ask for proof that each bundle is in a log of this file, vouched for by the quorum of its
    /// witnesses (C2SP's tlog-policy)
    #[arg(long, value_name = "FILE")]
    pub log_witnesses: Option<PathBuf>,
    /// How old the word of those witnesses may be, such as `30 days`
    #[arg(long, value_name = "TIME", requires = "log_witnesses")]
    pub log_max_age: Option<Seconds>,
}

/// Bundles, and whom to believe.
#[derive(Debug, Args)]
pub struct EvidenceArgs {
    /// A bundle with provenance, or `.intoto.jsonl` (can be repeated); each must be about every artifact
    #[arg(long, value_name = "FILE", required = true)]
    pub bundle: Vec<PathBuf>,
    /// Whom to believe.
    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Arguments of `zwieback recheck`.
#[derive(Debug, Args)]
pub struct RecheckArgs {
    /// The bundle with the provenance
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// Files that it is about: with them, a difference can be explained
    #[arg(value_name = "ARTIFACT")]
    pub artifacts: Vec<PathBuf>,
    /// Whom to believe.
    #[command(flatten)]
    pub trust: TrustArgs,
    /// A patch that the bundle names and does not carry (can be repeated)
    #[arg(long = "patch", value_name = "FILE")]
    pub patches: Vec<PathBuf>,
    /// The bundle of a recipe that it needs, or a folder of such; they are known by their digests (can be repeated)
    #[arg(long, value_name = "PATH")]
    pub needs: Vec<PathBuf>,
    /// Copy artifacts, our own bundle and SHA256SUMS to a folder
    #[arg(long, value_name = "DIR")]
    pub export: Option<PathBuf>,
    /// CPUs that each run may use
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// The private key to sign our own provenance with
    #[arg(long, value_name = "KEY")]
    pub sign_key: Option<KeyLocator>,
    /// Do not use the network
    #[arg(long)]
    pub offline: bool,
}

/// Whom to believe: one key, or a signed trust root.
#[derive(Clone, Debug, Args)]
#[group(multiple = false)]
pub struct TrustArgs {
    /// The public key of a builder you trust, as PEM
    #[arg(long, value_name = "PUB.pem")]
    pub key: Option<PathBuf>,
    /// A signed trust root; one that is older than the last you used is refused
    #[arg(long, value_name = "ROOT")]
    pub trust: Option<PathBuf>,
}

impl TrustArgs {
    /// The files, as the pipeline takes them.
    pub fn options(&self) -> TrustOptions {
        TrustOptions {
            key: self.key.clone(),
            root: self.trust.clone(),
        }
    }
}

impl SummaryArgs {
    /// The summary and what it must say, if one is named.
    pub fn options(&self) -> Option<SummaryOptions> {
        self.summary.as_ref().map(|file| SummaryOptions {
            file: file.clone(),
            level: self.level,
            properties: self.property.clone(),
            max_age: self.max_age,
        })
    }
}

impl LoggedArgs {
    /// Why the log is believed, if one is asked for.
    pub fn belief(&self) -> Option<LogBelief> {
        let is_asked = self.log_signed_by.is_some() || self.log_witnesses.is_some();
        is_asked.then(|| LogBelief {
            signed_by: self.log_signed_by.clone(),
            witnesses: self.log_witnesses.clone(),
            max_age: self.log_max_age,
        })
    }
}

/// Arguments of `zwieback policy`.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// What to do with the policy.
    #[command(subcommand)]
    pub action: PolicyAction,
}

/// What to do with a policy.
#[derive(Debug, Subcommand)]
pub enum PolicyAction {
    /// Show every rule, what it asks for and what it saw
    Explain {
        /// The policy
        #[arg(value_name = "POLICY")]
        policy: PathBuf,
        /// Files to verify, or folders that must be all that was built and nothing else
        #[arg(required = true, value_name = "ARTIFACT")]
        artifacts: Vec<PathBuf>,
        /// What is known about them.
        #[command(flatten)]
        evidence: EvidenceArgs,
        /// How the policy comes to count.
        #[command(flatten)]
        unsigned: UnsignedArgs,
        /// Where the artifacts are to be used
        #[arg(long, value_name = "NAME")]
        environment: Option<String>,
    },
    /// Print the digest of a policy about releases, by which a gate is set up
    Digest(DocumentsArgs),
    /// Say, as one of its keepers, that a policy about releases is to be in force
    Propose {
        /// The policy.
        #[command(flatten)]
        documents: DocumentsArgs,
        /// Who says it.
        #[command(flatten)]
        say: SayArgs,
    },
    /// Sign a policy for the keepers of the trust root; one that is signed already is signed once more
    Sign {
        /// The policy, as text or with the signatures of other keepers
        #[arg(value_name = "POLICY")]
        policy: PathBuf,
        /// A private key (can be repeated); your own if none is named
        #[arg(long = "sign-key", value_name = "KEY")]
        sign_keys: Vec<KeyLocator>,
        /// Where the signed policy goes; an older version there is replaced, a newer one is not
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Check a policy against a table of cases, before or after it is signed
    Test {
        /// The policy
        #[arg(value_name = "POLICY")]
        policy: PathBuf,
        /// The cases; paths in it start from its own folder
        #[arg(value_name = "CASES.toml")]
        cases: PathBuf,
        /// Whom to believe.
        #[command(flatten)]
        trust: TrustArgs,
    },
}

/// The three documents of a policy about releases.
#[derive(Clone, Debug, Args)]
pub struct DocumentsArgs {
    /// Who may do what to releases
    #[arg(value_name = "RELEASE.toml")]
    pub release: PathBuf,
    /// What is asked of builds
    #[arg(long, value_name = "POLICY.toml")]
    pub builds: PathBuf,
    /// Whom to believe about builds: a signed trust root
    #[arg(long, value_name = "ROOT")]
    pub trust: PathBuf,
}

/// Arguments of `zwieback bundle`.
#[derive(Debug, Args)]
pub struct BundleArgs {
    /// What to do with bundles.
    #[command(subcommand)]
    pub action: BundleAction,
}

/// What to do with bundles.
#[derive(Debug, Subcommand)]
pub enum BundleAction {
    /// Make bundles that verify strictly from what other tools signed with a key
    Import {
        /// A bundle of any version, a bare envelope, or lines of either
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// A public key that may have signed, as PEM (can be repeated)
        #[arg(long, value_name = "PUB.pem", required = true)]
        key: Vec<PathBuf>,
        /// The folder for the bundles, one a signature
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
    },
    /// Print bundles as lines of envelopes, the form of `.intoto.jsonl`
    Lines {
        /// Bundles
        #[arg(required = true, value_name = "BUNDLE")]
        bundles: Vec<PathBuf>,
    },
}
