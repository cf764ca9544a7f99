//! Reading a recipe, and what its grammar cannot say: names used twice, shadowed variables, empty scripts.

use std::collections::BTreeSet;

use super::diagnostic::{Diagnostic, SourceText};
use super::parse::parse;
use super::recipe::Recipe;
use super::source::{Origin, Source, Unpack};
use crate::glob::Glob;
use crate::name::Name;
use crate::purl::{PLACES, Purl};
use crate::secrets::userinfo::logs_in;
use crate::variation::choice::ChoiceError;

/// Variables that the sandbox sets and a recipe may not.
const RESERVED: [&str; 9] = [
    "OUT",
    "HOME",
    "TMPDIR",
    "SOURCE_DATE_EPOCH",
    "ZWIEBACK_JOBS",
    "USER",
    "LOGNAME",
    "HOSTNAME",
    "PWD",
];

/// Each glob is held against each file of a tree, and there may be a million of those.
const MOST_GLOBS: usize = 256;

impl Recipe {
    /// Reads a recipe and checks what its grammar cannot say.
    pub fn parse(source: SourceText<'_>) -> Result<Self, Diagnostic> {
        let recipe: Self = parse(source)?;
        check(source, &recipe)?;
        Ok(recipe)
    }
}

/// Checks a parsed recipe against the rules that span several keys.
fn check(source: SourceText<'_>, recipe: &Recipe) -> Result<(), Diagnostic> {
    check_head(source, recipe)?;
    check_sources(source, recipe)?;
    check_steps(source, recipe)?;
    check_needs(source, recipe)?;
    check_env(source, recipe)?;
    check_factors(source, recipe)?;
    check_allowed_secrets(source, recipe)?;
    check_outputs(source, recipe)
}

fn check_allowed_secrets(source: SourceText<'_>, recipe: &Recipe) -> Result<(), Diagnostic> {
    for allowed in &recipe.allow_secret {
        if let Err(error) = allowed.check() {
            let place = format!("\"{}\"", allowed.rule);
            return Err(find(source, &place, error.to_string()));
        }
    }
    Ok(())
}

fn check_head(source: SourceText<'_>, recipe: &Recipe) -> Result<(), Diagnostic> {
    let version = &recipe.recipe.version;
    // The version becomes part of a file name and of a purl.
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"+._~-".contains(&b);
    if version.is_empty() || version.len() > 64 || !version.bytes().all(plain) {
        let message =
            format!("{version:?} is not a version: it takes 1 to 64 of a-z A-Z 0-9 + . _ ~ -");
        return Err(find(source, "version", message));
    }
    if recipe.recipe.toolchains.is_empty() {
        return Err(find(
            source,
            "toolchains",
            "a recipe needs at least one toolchain".into(),
        ));
    }
    Ok(())
}

fn check_sources(text: SourceText<'_>, recipe: &Recipe) -> Result<(), Diagnostic> {
    for (name, source) in &recipe.sources {
        if names_credentials(source) {
            // No line of the file is shown: it would hold them.
            let message = format!("source `{name}`: {LOGIN_ELSEWHERE}");
            return Err(Diagnostic::whole(text.path, message));
        }
        if let Err(message) = check_one_source(name, source) {
            return Err(find(text, &format!("sources.{name}"), message));
        }
    }
    Ok(())
}

fn check_one_source(name: &Name, source: &Source) -> Result<(), String> {
    let origin = source
        .origin()
        .map_err(|error| format!("source `{name}`: {error}"))?;
    let wrong = |key: &str, why: &str| Err(format!("source `{name}`: `{key}` {why}"));
    match origin {
        Origin::Package(purl)
            if !source.url.is_empty() && purl.kind() != "generic" && !purl.is_repository() =>
        {
            wrong(
                "url",
                "is for a `pkg:generic` or a repository; where other packages lie, their own clients know",
            )
        }
        Origin::Package(purl) if !source.url.is_empty() && purl.is_of_service() => wrong(
            "url",
            "leads away from the place that its `purl` means: write `?vcs_url=git%2BURL` after the commit, so that \
             the lock and what is signed say where the repository lies; mirrors are named by your own configuration",
        ),
        _ if !submodules_fit(source) => wrong(
            "submodules",
            "are repositories without a version, in a source that is a repository: its commit has theirs",
        ),
        Origin::Folder(_) if source.unpack == Unpack::Not || source.file.is_some() => wrong(
            "path",
            "names a folder: there is no file to choose or to unpack",
        ),
        Origin::Package(_) if !source.include.is_empty() || !source.exclude.is_empty() => wrong(
            "include",
            "and `exclude` choose files of a folder: a package is taken as it is",
        ),
        _ if source.include.len() + source.exclude.len() > MOST_GLOBS => wrong(
            "include",
            "and `exclude` have more than 256 globs; each is held against each file",
        ),
        Origin::Folder(_) if source.sha256.is_some() || !source.url.is_empty() => wrong(
            "path",
            "names a folder: it is pinned by its tree and lies in the project",
        ),
        Origin::Folder(_) if source.selection().is_err() => {
            let error = source.selection().err().map(|it| it.to_string());
            wrong("include", &error.unwrap_or_default())
        }
        _ if source.vendor.is_some() && source.unpack == Unpack::Not => wrong(
            "vendor",
            "reads a lockfile inside the source: it has to be unpacked",
        ),
        _ => Ok(()),
    }
}

/// What is signed names the address: who may fetch from it is a matter of each reader's own configuration.
const LOGIN_ELSEWHERE: &str = "its address holds a name or a password, which would be signed and published with \
     the recipe: leave them out, and log in by your own configuration, such as `[mirrors]` or git's credentials";

/// Whether an address of the source logs in.
fn names_credentials(source: &Source) -> bool {
    let purls = source.purl.iter().chain(source.submodules.values());
    let qualifiers = purls.flat_map(|purl| PLACES.iter().filter_map(|key| purl.qualifier(key)));
    let urls = source.url.iter().map(String::as_str);
    urls.chain(qualifiers).any(logs_in)
}

fn submodules_fit(source: &Source) -> bool {
    let is_repository = source.purl.as_ref().is_some_and(Purl::is_repository);
    let mut submodules = source.submodules.values();
    source.submodules.is_empty()
        || is_repository
            && submodules
                .all(|submodule| submodule.is_repository() && submodule.version().is_none())
}

fn check_steps(source: SourceText<'_>, recipe: &Recipe) -> Result<(), Diagnostic> {
    if recipe.steps.is_empty() {
        return Err(find(
            source,
            "steps",
            "a recipe needs at least one step".into(),
        ));
    }
    let mut seen = BTreeSet::new();
    for step in &recipe.steps {
        if !seen.insert(&step.name) {
            let message = format!("two steps are called `{}`", step.name);
            return Err(find_last(source, &format!("\"{}\"", step.name), message));
        }
        if step.run.trim().is_empty() {
            let message = format!("step `{}` runs nothing", step.name);
            return Err(find(source, &format!("\"{}\"", step.name), message));
        }
    }
    Ok(())
}

fn check_needs(source: SourceText<'_>, recipe: &Recipe) -> Result<(), Diagnostic> {
    for need in &recipe.recipe.needs {
        if recipe.sources.contains_key(need) {
            let message = format!(
                "`{need}` is both a source and a needed recipe: both would be staged at /build/{need}"
            );
            return Err(find(source, &format!("\"{need}\""), message));
        }
        if need == recipe.name() {
            return Err(find(source, "needs", format!("`{need}` needs itself")));
        }
    }
    Ok(())
}

fn check_env(source: SourceText<'_>, recipe: &Recipe) -> Result<(), Diagnostic> {
    let all = recipe
        .steps
        .iter()
        .map(|step| &step.env)
        .chain([&recipe.env])
        .flatten();
    for (key, value) in all {
        if RESERVED.contains(&key.as_str()) {
            let message = format!("`{key}` is set by the sandbox and cannot be changed");
            return Err(find(source, key, message));
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let digit_first = key.starts_with(|c: char| c.is_ascii_digit());
        if key.is_empty() || digit_first || !key.bytes().all(plain) || value.contains('\0') {
            return Err(find(
                source,
                key,
                format!("{key:?} is not a variable a shell can hold"),
            ));
        }
    }
    Ok(())
}

fn check_factors(source: SourceText<'_>, recipe: &Recipe) -> Result<(), Diagnostic> {
    let wrong = |error: ChoiceError| find(source, "[factors", error.to_string());
    recipe.factors.check().map_err(wrong)
}

fn check_outputs(source: SourceText<'_>, recipe: &Recipe) -> Result<(), Diagnostic> {
    if recipe.outputs.len() > MOST_GLOBS {
        let message = format!("more than {MOST_GLOBS} globs; each is held against each file");
        return Err(find(source, "[outputs]", message));
    }
    for pattern in recipe.outputs.values() {
        if let Err(error) = pattern.parse::<Glob>() {
            return Err(find(source, pattern, error.to_string()));
        }
    }
    Ok(())
}

/// A diagnostic at the first place where `needle` stands. The value was parsed
/// from this very text, so a place that is not found is a matter of quoting only.
fn find(source: SourceText<'_>, needle: &str, message: String) -> Diagnostic {
    locate(source, needle, source.text.find(needle), message)
}

fn find_last(source: SourceText<'_>, needle: &str, message: String) -> Diagnostic {
    locate(source, needle, source.text.rfind(needle), message)
}

fn locate(source: SourceText<'_>, needle: &str, at: Option<usize>, message: String) -> Diagnostic {
    match at {
        Some(start) => Diagnostic::at(source, start..start + needle.len(), message),
        None => Diagnostic::whole(source.path, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[recipe]
name = "zlib"
version = "1.2.13"
toolchains = ["c"]

[sources.zlib]
purl = "pkg:deb/debian/zlib@1:1.2.13.dfsg-1?arch=source"

[[steps]]
name = "build"
dir = "zlib"
run = "make"

[outputs]
library = "usr/lib/libz.so*"
"#;

    fn parse(text: &str) -> Result<Recipe, Diagnostic> {
        Recipe::parse(SourceText {
            path: "recipe.toml",
            text,
        })
    }

    fn fail(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from));
        parse(&GOOD.replace(from, to)).unwrap_err().to_string()
    }

    #[test]
    fn the_good_one_is_good() {
        let recipe = parse(GOOD).unwrap();
        assert_eq!(recipe.name().as_str(), "zlib");
        assert_eq!(recipe.sources["zlib"].unpack, Unpack::Whole);
    }

    #[test]
    fn globs_are_few_as_each_is_held_against_each_file() {
        let outputs: Vec<_> = (0..257)
            .map(|number| format!("o{number} = \"**/a*/**\"\n"))
            .collect();
        let outputs = outputs.concat();
        let library = "library = \"usr/lib/libz.so*\"\n";
        assert!(fail(library, &outputs).contains("more than 256 globs"));
        let purl = "purl = \"pkg:deb/debian/zlib@1:1.2.13.dfsg-1?arch=source\"\n";
        let globs = |key: &str, count: usize| format!("{key} = {:?}\n", vec!["**/a*"; count]);
        let folder = |include, exclude| {
            format!(
                "path = \"a\"\n{}{}",
                globs("include", include),
                globs("exclude", exclude)
            )
        };
        assert!(parse(&GOOD.replace(purl, &folder(128, 128))).is_ok());
        assert!(fail(purl, &folder(128, 129)).contains("more than 256 globs"));
    }

    #[test]
    fn each_rule_points_at_its_line() {
        assert!(
            fail(
                "name = \"build\"",
                "name = \"build\"\nenv = { HOME = \"/\" }"
            )
            .contains(":12:")
        );
        assert!(fail("\"1.2.13\"", "\"1/2\"").contains("is not a version"));
        assert!(fail("[\"c\"]", "[]").contains("at least one toolchain"));
        assert!(fail("run = \"make\"", "run = \" \"").contains("runs nothing"));
        assert!(fail("[\"c\"]", "[\"c\"]\nneeds = [\"zlib\"]").contains("both a source"));
        assert!(fail("usr/lib/libz.so*", "../x").contains("../x"));
        let twice = "run = \"make\"\n[[steps]]\nname = \"build\"\nrun = \"x\"";
        assert!(fail("run = \"make\"", twice).contains(":15:8: two steps are called `build`"));
    }

    #[test]
    fn a_source_has_one_origin() {
        let purl = "purl = \"pkg:deb/debian/zlib@1:1.2.13.dfsg-1?arch=source\"";
        for (keys, why) in [
            ("unpack = true", "one of `purl` and `path`"),
            ("purl = \"pkg:npm/a@1\"\npath = \"src\"", "one of"),
            ("purl = \"pkg:npm/a@1\"\nurl = [\"x\"]", "`pkg:generic`"),
            (
                "purl = \"pkg:github/acme/a@1\"\nurl = [\"http://m.example/a\"]",
                "write `?vcs_url=git%2BURL`",
            ),
            ("path = \"src\"\nunpack = false", "names a folder"),
            (
                "purl = \"pkg:cargo/a@1\"\nunpack = false\nvendor = \"cargo\"",
                "has to be unpacked",
            ),
        ] {
            let message = fail(purl, keys);
            assert!(
                message.contains(why) && message.contains(":7:"),
                "{message}"
            );
        }
    }

    #[test]
    fn secrets_have_no_place() {
        let error = parse(&format!("{GOOD}\n[secrets]\ntoken = \"x\"")).unwrap_err();
        assert!(error.hint.unwrap().contains("no secrets"));
    }
}
