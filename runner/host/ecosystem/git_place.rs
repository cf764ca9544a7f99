//! `pkg:github` and its like: what a purl says of a repository, and where it may be asked for.

use zwieback_model::purl::Purl;
use zwieback_model::rel_path::RelPath;

use crate::ecosystem::client_program::run;
use crate::ecosystem::error::EcosystemError;
use crate::endpoints::base_url::BaseUrl;
use crate::launch::client::GIT;
use crate::launch::launched::Launch;

/// What git may speak to a repository. `ssh` and `ext` would run programs of the user's choice.
const SCHEMES: [&str; 3] = ["https://", "http://", "file://"];
/// Before the URL of a repository (purl-spec, `vcs_url`; the form is SPDX's).
const VCS: &str = "git+";

/// The commit that a purl pins: its version, in full.
///
/// A tag or a branch is somebody else's to move, and an abbreviation may name two commits tomorrow.
pub fn commit(purl: &Purl) -> Result<&str, EcosystemError> {
    let version = purl.version().unwrap_or_default();
    let is_full = [40, 64].contains(&version.len());
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if is_full && version.bytes().all(is_hex) {
        return Ok(version);
    }
    Err(EcosystemError::NoCommit(purl.clone()))
}

/// The same repository at another commit.
pub fn at(purl: &Purl, commit: &str) -> Result<Purl, EcosystemError> {
    let vcs = purl.qualifier("vcs_url").map(|url| [("vcs_url", url)]);
    let qualifiers = vcs.as_ref().map_or(&[][..], |it| &it[..]);
    let (kind, namespace) = (purl.kind(), purl.namespace());
    Ok(Purl::new(kind, namespace, purl.name(), commit, qualifiers)?)
}

/// The name of the archive that a commit becomes.
pub fn file_name(purl: &Purl) -> Result<String, EcosystemError> {
    let commit = commit(purl)?;
    Ok(format!("{}-{}.tar", purl.name(), &commit[..12]))
}

/// A URL that git may ask, and whether the user's own configuration names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitPlace {
    /// The URL.
    pub url: String,
    /// Whether it is the user who names it: then it may lie anywhere.
    pub is_own: bool,
}

/// Every URL that git may ask, best first: mirrors, what the recipe and the purl say, and what the user's
/// own git makes of `github:NAMESPACE/NAME` (`url.<base>.insteadOf` of git-config(1)).
pub fn places(
    purl: &Purl,
    mirrors: &[BaseUrl],
    named: &[String],
) -> Result<Vec<GitPlace>, EcosystemError> {
    let path = repository(purl)?;
    let mut places: Vec<String> = mirrors.iter().map(|root| root.join(&path)).collect();
    places.extend(named.iter().cloned());
    places.extend(vcs_url(purl).map(str::to_owned));
    let is_safe = |url: &String| SCHEMES.iter().any(|scheme| url.starts_with(scheme));
    if let Some(bad) = places.iter().find(|url| !is_safe(url)) {
        return Err(EcosystemError::Scheme(bad.clone()));
    }
    let judged = places.into_iter().map(|url| GitPlace {
        is_own: mirrors.iter().any(|root| root.covers(&url)),
        url,
    });
    let mut places: Vec<GitPlace> = judged.collect();
    let is_foreign = |it: &&GitPlace| !it.is_own && it.url.starts_with("file:");
    if let Some(bad) = places.iter().find(is_foreign) {
        return Err(EcosystemError::LocalRepository(bad.url.clone()));
    }
    let short = format!("{}:", purl.kind());
    if is_rewritten(&short) {
        places.push(GitPlace {
            url: format!("{short}{path}"),
            is_own: true,
        });
    }
    if places.is_empty() {
        return Err(EcosystemError::NoPlace(purl.kind().to_owned()));
    }
    Ok(places)
}

fn repository(purl: &Purl) -> Result<RelPath, EcosystemError> {
    let namespace = purl.namespace();
    let above = namespace.map_or_else(String::new, |it| format!("{it}/"));
    Ok(format!("{above}{}.git", purl.name()).parse()?)
}

fn vcs_url(purl: &Purl) -> Option<&str> {
    let url = purl.qualifier("vcs_url")?.strip_prefix(VCS)?;
    // `git+https://…@COMMIT` repeats the version.
    let pinned = purl.version().map(|version| format!("@{version}"));
    Some(pinned.map_or(url, |end| url.strip_suffix(end.as_str()).unwrap_or(url)))
}

/// Whether the user's git knows what such an abbreviation stands for.
fn is_rewritten(short: &str) -> bool {
    let asking = Launch::of(&GIT)
        .arguments(["config", "--get-regexp", r"^url\..*\.insteadof$"])
        // No repository's configuration counts, wherever the program stands.
        .set("GIT_DIR", "/dev/null");
    let listed = run(GIT.program, &asking).unwrap_or_default();
    let words = String::from_utf8_lossy(&listed);
    words
        .lines()
        .filter_map(|line| line.rsplit_once(' '))
        .any(|(_, value)| value == short)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn purl(text: &str) -> Purl {
        text.parse().unwrap()
    }

    #[test]
    fn only_a_whole_commit_pins() {
        let whole = purl(&format!("pkg:github/acme/tool@{COMMIT}"));
        assert_eq!(commit(&whole).unwrap(), COMMIT);
        assert_eq!(file_name(&whole).unwrap(), "tool-0123456789ab.tar");
        for bad in ["v1.0", "0123456", &COMMIT.to_uppercase()] {
            let wrong = commit(&purl(&format!("pkg:github/acme/tool@{bad}"))).unwrap_err();
            assert!(wrong.hint().is_some(), "{bad}");
        }
        assert!(commit(&purl("pkg:github/acme/tool")).is_err());
    }

    #[test]
    fn mirrors_first_and_never_a_program() {
        let mirror = ["http://mirror.example/git/".parse().unwrap()];
        let vcs = purl(&format!(
            "pkg:generic/tool@{COMMIT}?vcs_url=git%2Bhttps://own.example/tool%40{COMMIT}"
        ));
        assert!(vcs.is_repository());
        assert_eq!(
            places(&vcs, &mirror, &[]).unwrap(),
            [
                ("http://mirror.example/git/tool.git", true),
                ("https://own.example/tool", false)
            ]
            .map(|(url, is_own)| GitPlace {
                url: url.to_owned(),
                is_own,
            })
        );
        let local = ["file:///srv/x".to_owned()];
        let refused = places(&vcs, &mirror, &local);
        assert!(matches!(refused, Err(EcosystemError::LocalRepository(_))));
        for bad in ["ext::sh -c true", "ssh://x/y", "--upload-pack=x", "/tmp/x"] {
            let named = [bad.to_owned()];
            assert!(matches!(
                places(&vcs, &[], &named),
                Err(EcosystemError::Scheme(_))
            ));
        }
        assert!(!purl("pkg:generic/tool@1").is_repository());
    }
}
