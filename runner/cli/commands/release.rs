//! The commands about releases, from arguments to what the pipeline is asked.

use crate::cli::args::global::Global;
use crate::cli::args::release::{
    ApproveArgs, AttestArgs, AttestWhat, BreakGlassArgs, ExplainDecisionArgs, GateArgs,
    PromoteArgs, RevokeArgs, RevokedKind, RollbackArgs, SayArgs, StatusArgs, SubmitArgs, TestWord,
    TraceArgs, WatchArgs,
};
use crate::cli::args::trust::DocumentsArgs;
use crate::cli::screen::answers::{self, Answers};
use crate::cli::session::user;
use crate::pipeline::context::answer::Ended;
use crate::pipeline::context::configuration::Sign;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::context::user::User;
use crate::pipeline::gate::session::Keys;
use crate::pipeline::release::approve::{self, ApproveOptions};
use crate::pipeline::release::attest::{self, AuthorsOptions, TestOptions, Tested};
use crate::pipeline::release::break_glass::{self, BreakGlassOptions};
use crate::pipeline::release::promote::{self, PromoteOptions};
use crate::pipeline::release::propose::{self, DocumentsOptions};
use crate::pipeline::release::revoke::{self, RevokeOptions, Which};
use crate::pipeline::release::rollback::{self, RollbackOptions};
use crate::pipeline::release::session::{GateOptions, ReleaseSession, SayOptions};
use crate::pipeline::release::submit::{self, SubmitOptions};
use crate::pipeline::release::trace::{self, TraceOptions};
use crate::pipeline::release::{explain_decision, status, watch};

/// Opens the gate that the arguments or the configuration name, and asks it.
pub fn ask(
    global: &Global,
    args: &GateArgs,
    question: impl FnOnce(&ReleaseSession<'_>, &Sign) -> Ended,
) -> Result<u8, Failure> {
    let User { dirs, config, .. } = user(global)?;
    let choice = |key: &Option<_>| key.as_ref().map(|key| config.sign.choice(Some(key)));
    let options = GateOptions {
        file: args.gate.clone().or(config.release.gate.clone()),
        keys: Keys {
            gate: choice(&config.release.key),
            log: choice(&config.release.log_key),
        },
    };
    let screen = Answers::new(global);
    let session = ReleaseSession::open(options, &dirs, &screen)?;
    Ok(answers::code(question(&session, &config.sign)?))
}

fn say(sign: &Sign, args: &SayArgs) -> SayOptions {
    SayOptions {
        key: sign.choice(args.sign_key.as_ref()),
        output: args.output.clone(),
    }
}

/// `zwieback status`.
pub fn status(global: &Global, args: &StatusArgs) -> Result<u8, Failure> {
    ask(global, &args.gate, |session, _| status::run(session))
}

/// `zwieback trace`.
pub fn trace(global: &Global, args: &TraceArgs) -> Result<u8, Failure> {
    let options = TraceOptions {
        artifact: args.artifact.clone(),
        inputs: args.inputs,
        dot: args.dot,
    };
    ask(global, &args.gate, |session, _| {
        trace::run(session, &options)
    })
}

/// `zwieback approve`.
pub fn approve(global: &Global, args: &ApproveArgs) -> Result<u8, Failure> {
    ask(global, &args.say.gate, |session, sign| {
        let options = ApproveOptions {
            artifact: args.artifact.clone(),
            environment: args.environment.clone(),
            days: args.days,
            until: args.until,
            comment: args.comment.clone(),
            say: say(sign, &args.say),
        };
        approve::run(session, &options)
    })
}

/// `zwieback promote`.
pub fn promote(global: &Global, args: &PromoteArgs) -> Result<u8, Failure> {
    let options = PromoteOptions {
        artifact: args.artifact.clone(),
        environment: args.environment.clone(),
        dry_run: args.dry_run,
    };
    ask(global, &args.gate, |session, _| {
        promote::run(session, &options)
    })
}

/// `zwieback rollback`.
pub fn rollback(global: &Global, args: &RollbackArgs) -> Result<u8, Failure> {
    let options = RollbackOptions {
        environment: args.environment.clone(),
        why: args.why.clone(),
    };
    ask(global, &args.gate, |session, _| {
        rollback::run(session, &options)
    })
}

/// `zwieback revoke`.
pub fn revoke(global: &Global, args: &RevokeArgs) -> Result<u8, Failure> {
    let which = args.which.clone();
    let which = match args.kind {
        RevokedKind::Key => Which::Key(which),
        RevokedKind::Artifact => Which::Artifact(which),
        RevokedKind::Builder => Which::Builder(which),
        RevokedKind::Source => Which::Source(which),
    };
    ask(global, &args.say.gate, |session, sign| {
        let options = RevokeOptions {
            which,
            from: args.from,
            why: args.why.clone(),
            dry_run: args.dry_run,
            say: say(sign, &args.say),
        };
        revoke::run(session, &options)
    })
}

/// `zwieback break-glass`.
pub fn break_glass(global: &Global, args: &BreakGlassArgs) -> Result<u8, Failure> {
    ask(global, &args.say.gate, |session, sign| {
        let options = BreakGlassOptions {
            artifact: args.artifact.clone(),
            environment: args.environment.clone(),
            scope: args.scope.clone(),
            why: args.why.clone(),
            hours: args.hours,
            until: args.until,
            say: say(sign, &args.say),
        };
        break_glass::run(session, &options)
    })
}

/// `zwieback attest`.
pub fn attest(global: &Global, args: &AttestArgs) -> Result<u8, Failure> {
    match &args.what {
        AttestWhat::Test {
            artifact,
            result,
            suite,
            say: who,
        } => ask(global, &who.gate, |session, sign| {
            let options = TestOptions {
                artifact: artifact.clone(),
                result: match result {
                    TestWord::Passed => Tested::Passed,
                    TestWord::Warned => Tested::Warned,
                    TestWord::Failed => Tested::Failed,
                },
                suite: suite.clone(),
                say: say(sign, who),
            };
            attest::test(session, &options)
        }),
        AttestWhat::Authors {
            source,
            authors,
            withdrawn,
            say: who,
        } => ask(global, &who.gate, |session, sign| {
            let options = AuthorsOptions {
                source: source.clone(),
                authors: authors.clone(),
                withdrawn: withdrawn.clone(),
                say: say(sign, who),
            };
            attest::authors(session, &options)
        }),
    }
}

/// `zwieback submit`.
pub fn submit(global: &Global, args: &SubmitArgs) -> Result<u8, Failure> {
    let options = SubmitOptions {
        bundles: args.bundles.clone(),
        keys: args.keys.clone(),
    };
    ask(global, &args.gate, |session, _| {
        submit::run(session, &options)
    })
}

/// `zwieback watch`.
pub fn watch(global: &Global, args: &WatchArgs) -> Result<u8, Failure> {
    ask(global, &args.gate, |session, _| {
        watch::run(session, &args.environments)
    })
}

/// `zwieback explain-decision`.
pub fn explain_decision(global: &Global, args: &ExplainDecisionArgs) -> Result<u8, Failure> {
    ask(global, &args.gate, |session, _| {
        explain_decision::run(session, args.index)
    })
}

/// `zwieback policy propose`.
pub fn propose(global: &Global, args: &DocumentsArgs, who: &SayArgs) -> Result<u8, Failure> {
    ask(global, &who.gate, |session, sign| {
        propose::run(session, &documents(args), &say(sign, who))
    })
}

/// The three documents of a policy about releases.
pub fn documents(args: &DocumentsArgs) -> DocumentsOptions {
    DocumentsOptions {
        release: args.release.clone(),
        builds: args.builds.clone(),
        root: args.trust.clone(),
    }
}
