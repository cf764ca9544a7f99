//! `zwieback init`: write a new recipe.

use std::io::Write;

use anyhow::Context as _;
use zwieback_core::purl::Purl;

use crate::cli::args::build::InitArgs;
use crate::cli::args::global::Global;
use crate::cli::exit;
use crate::pipeline::init::{Seed, init};

/// Runs the command.
pub fn run(global: &Global, args: &InitArgs) -> anyhow::Result<u8> {
    let seed = if args.what.starts_with("pkg:") {
        let purl: Purl = args.what.parse()?;
        let name = purl.name().to_lowercase().parse()?;
        Seed::Source(Box::new(purl), name)
    } else {
        Seed::Name(args.what.parse()?)
    };
    let here = std::env::current_dir().context("the present folder is gone")?;
    let mut err = std::io::stderr().lock();
    for file in init(&here, &seed)? {
        if !global.quiet {
            writeln!(
                err,
                "     Created {}",
                file.strip_prefix(&here).unwrap_or(&file).display()
            )?;
        }
    }
    Ok(exit::DONE)
}
