//! `zwieback log`, from arguments to what the pipeline is asked.

use std::io::Write as _;
use std::path::Path;

use zwieback_model::labelled::Tone;

use super::release::ask;
use crate::cli::args::global::Global;
use crate::cli::args::log::{
    AddArgs, BeliefArgs, LogAction, LogArgs, ProveArgs, ReadArgs, RestoreArgs, TakeArgs,
    WitnessArgs,
};
use crate::cli::args::release::GateArgs;
use crate::cli::exit;
use crate::cli::screen::answers::{self, Answers};
use crate::cli::screen::paint::Paint;
use crate::cli::screen::terminal;
use crate::cli::session::user;
use crate::pipeline::context::answer::Ended;
use crate::pipeline::context::configuration::Sign;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::context::keyring::{KeyChoice, KeyLocator};
use crate::pipeline::context::log_belief::LogBelief;
use crate::pipeline::context::user::User;
use crate::pipeline::log::add::{self, AddOptions};
use crate::pipeline::log::init;
use crate::pipeline::log::prove::{self, ProveOptions};
use crate::pipeline::log::read::{self, ReadOptions};
use crate::pipeline::log::restore::{self, RestoreOptions};
use crate::pipeline::log::session::LogSession;
use crate::pipeline::log::show;
use crate::pipeline::log::witness::{self, TakeOptions, WitnessOptions};

/// Runs the command.
pub fn run(global: &Global, args: &LogArgs) -> Result<u8, Failure> {
    match &args.action {
        LogAction::Init {
            folder,
            name,
            sign_key,
        } => init(global, folder, name, sign_key.as_ref()),
        LogAction::Add(args) => add(global, args),
        LogAction::Prove(args) => prove(global, args),
        LogAction::Verify(args) => look(global, |session, _| read::verify(session, &options(args))),
        LogAction::Monitor(args) => {
            look(global, |session, _| read::monitor(session, &options(args)))
        }
        LogAction::Witness(args) => vouch(global, args),
        LogAction::Take(args) => take(global, args),
        LogAction::Restore(args) => restore(global, args),
        LogAction::Show { log, gate } => show(global, log.as_deref(), gate),
    }
}

/// The log that is asked, and how the configuration says to sign.
fn look(
    global: &Global,
    question: impl FnOnce(&LogSession<'_>, &Sign) -> Ended,
) -> Result<u8, Failure> {
    let user = user(global)?;
    let session = LogSession {
        dirs: &user.dirs,
        fetch: user.fetch_settings(),
        screen: &Answers::new(global),
    };
    Ok(answers::code(question(&session, &user.config.sign)?))
}

/// The key goes to stdout, as gates and witnesses will name it.
fn init(
    global: &Global,
    folder: &Path,
    name: &str,
    sign_key: Option<&KeyLocator>,
) -> Result<u8, Failure> {
    let User { dirs, config, .. } = user(global)?;
    let sign = log_key(&config.sign, sign_key)?;
    let key = init::run(&dirs, folder, name, (&sign, sign_key.is_some()))?;
    let said = format!("log {name} in {}", folder.display());
    let line = Paint::for_stderr(global.color).line(Tone::Good, "Made", said);
    if !global.quiet {
        writeln!(terminal::stderr(), "{line}")?;
    }
    writeln!(terminal::stdout(), "{key}")?;
    Ok(exit::DONE)
}

fn add(global: &Global, args: &AddArgs) -> Result<u8, Failure> {
    look(global, |session, sign| {
        let options = AddOptions {
            folder: args.folder.clone(),
            bundles: args.bundles.clone(),
            keys: args.key.clone(),
            sign: log_key(sign, args.sign_key.as_ref())?,
            in_place: args.in_place,
        };
        add::run(session, &options)
    })
}

fn prove(global: &Global, args: &ProveArgs) -> Result<u8, Failure> {
    let options = ProveOptions {
        log: args.log.clone(),
        index: args.index,
        bundle: args.bundle,
        output: args.output.clone(),
    };
    look(global, |session, _| prove::run(session, &options))
}

fn vouch(global: &Global, args: &WitnessArgs) -> Result<u8, Failure> {
    look(global, |session, sign| {
        let options = WitnessOptions {
            log: args.log.clone(),
            signed_by: args.signed_by.clone(),
            name: args.name.clone(),
            sign: sign.choice(Some(&args.sign_key)),
            memory: args.memory.clone(),
            output: args.output.clone(),
        };
        witness::vouch(session, &options)
    })
}

fn take(global: &Global, args: &TakeArgs) -> Result<u8, Failure> {
    let options = TakeOptions {
        folder: args.folder.clone(),
        checkpoints: args.checkpoints.clone(),
        belief: belief(&args.belief),
    };
    look(global, |session, _| witness::take(session, &options))
}

fn restore(global: &Global, args: &RestoreArgs) -> Result<u8, Failure> {
    ask(global, &args.gate, |session, sign| {
        let options = RestoreOptions {
            why: args.why.clone(),
            days: args.days,
            seen: args.seen.clone(),
            dry_run: args.dry_run,
            sign: sign.choice(args.sign_key.as_ref()),
        };
        restore::run(session, &options, &Answers::new(global))
    })
}

/// With a gate, entries are judged; without, they are printed as they are.
fn show(global: &Global, log: Option<&str>, gate: &GateArgs) -> Result<u8, Failure> {
    match log {
        None => ask(global, gate, |session, _| {
            show::judged(session, &Answers::new(global))
        }),
        Some(log) => look(global, |session, _| show::plain(session, log)),
    }
}

fn options(args: &ReadArgs) -> ReadOptions {
    ReadOptions {
        log: args.log.clone(),
        belief: belief(&args.belief),
        memory: args.memory.clone(),
    }
}

fn belief(args: &BeliefArgs) -> LogBelief {
    LogBelief {
        signed_by: args.signed_by.clone(),
        witnesses: args.witnesses.clone(),
        max_age: args.max_age,
    }
}

/// The key of a log: the one that is named, or the one called `log`.
fn log_key(sign: &Sign, named: Option<&KeyLocator>) -> Result<KeyChoice, Failure> {
    let own = init::KEY.parse().context("the word is a key's name")?;
    Ok(sign.choice(Some(named.unwrap_or(&own))))
}
