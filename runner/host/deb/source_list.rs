//! apt's list of sources, in both of its formats, as sources.list(5) describes them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The components of Debian itself; a third party's archive under a Debian suite has others.
const COMPONENTS: [&str; 4] = ["main", "contrib", "non-free", "non-free-firmware"];

/// Names of Debian's releases. A source for any other suite is not Debian and is never asked.
const RELEASES: [&str; 12] = [
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
    "sid",
    "experimental",
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "unstable",
];

/// One archive that apt is configured with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Roots of the archive.
    pub uris: Vec<String>,
    /// Releases and their pockets, such as `bookworm` and `bookworm-updates`.
    pub suites: Vec<String>,
    /// Parts of the archive, such as `main`.
    pub components: Vec<String>,
    /// Everything else that bears on trust: `Signed-By`, `Trusted`, `Check-Valid-Until` …
    pub options: BTreeMap<String, String>,
}

/// The sources in a file of deb822 stanzas (`*.sources`).
pub fn parse_deb822(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut stanza = BTreeMap::new();
    let mut last = None;
    for line in text.lines().chain([""]) {
        if line.starts_with('#') {
        } else if line.trim().is_empty() {
            sources.extend(from_stanza(std::mem::take(&mut stanza)));
            last = None;
        } else if line.starts_with([' ', '\t']) {
            continue_field(&mut stanza, last.as_deref(), line);
        } else if let Some((key, value)) = line.split_once(':') {
            let key = key.trim().to_ascii_lowercase();
            stanza.insert(key.clone(), value.trim().to_owned());
            last = Some(key);
        }
    }
    sources
}

/// The sources in a file of one-line entries (`*.list`).
pub fn parse_one_line(text: &str) -> Vec<Source> {
    text.lines().filter_map(from_line).collect()
}

impl Source {
    /// The part of this source that serves one Debian release, its updates and its security fixes.
    pub fn for_release(&self, release: &str) -> Option<Self> {
        self.restricted(|suite| base_of(suite) == Some(release))
    }

    /// The part of this source that is Debian at all.
    pub fn for_debian(&self) -> Option<Self> {
        self.restricted(|suite| base_of(suite).is_some_and(|base| RELEASES.contains(&base)))
    }

    /// The source as a deb822 stanza that offers both packages and their sources.
    pub fn stanza(&self) -> String {
        let mut text = format!(
            "Types: deb deb-src\nURIs: {}\nSuites: {}\nComponents: {}\n",
            self.uris.join(" "),
            self.suites.join(" "),
            self.components.join(" ")
        );
        for (key, value) in &self.options {
            // A key block is a field of many lines; deb822 wants each of them indented.
            let value = value.replace('\n', "\n ");
            writeln!(text, "{key}: {value}").expect("writing to a string cannot fail");
        }
        text.push('\n');
        text
    }

    fn restricted(&self, wanted: impl Fn(&str) -> bool) -> Option<Self> {
        let mut part = self.clone();
        part.suites.retain(|suite| wanted(suite));
        part.components
            .retain(|name| COMPONENTS.contains(&name.as_str()));
        let some = !part.uris.is_empty() && !part.suites.is_empty() && !part.components.is_empty();
        some.then_some(part)
    }
}

/// The release of a suite that is the release itself, its updates or its security fixes; backports are neither.
fn base_of(suite: &str) -> Option<&str> {
    let suite = suite.trim_end_matches('/');
    for ending in ["-updates", "-security", "-proposed-updates", "/updates"] {
        if let Some(base) = suite.strip_suffix(ending) {
            return (ending != "-proposed-updates").then_some(base);
        }
    }
    (!suite.ends_with("-backports")).then_some(suite)
}

fn continue_field(stanza: &mut BTreeMap<String, String>, key: Option<&str>, line: &str) {
    if let Some(value) = key.and_then(|key| stanza.get_mut(key)) {
        value.push('\n');
        value.push_str(line.trim());
    }
}

fn from_stanza(mut stanza: BTreeMap<String, String>) -> Option<Source> {
    let mut words = |key: &str| -> Vec<String> {
        let value = stanza.remove(key).unwrap_or_default();
        value.split_whitespace().map(str::to_owned).collect()
    };
    let types = words("types");
    let enabled = words("enabled");
    let source = Source {
        uris: words("uris"),
        suites: words("suites"),
        components: words("components"),
        options: trust_options(stanza),
    };
    // Only sources of packages: one for deb-src alone may lack the packages' index.
    let offers_packages = types.iter().any(|kind| kind == "deb");
    let switched_off = enabled.iter().any(|word| is_no(word));
    (offers_packages && !switched_off).then_some(source)
}

fn from_line(line: &str) -> Option<Source> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let rest = line.strip_prefix("deb")?.strip_prefix([' ', '\t'])?.trim();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace().map(str::to_owned);
    let options = options.split_whitespace().filter_map(|option| {
        let (key, value) = option.split_once('=')?;
        Some((key.to_ascii_lowercase(), value.replace(',', " ")))
    });
    Some(Source {
        uris: vec![words.next()?],
        suites: vec![words.next()?],
        components: words.collect(),
        options: trust_options(options.collect()),
    })
}

/// Options that decide whom to trust are kept; those that choose what to download are ours to set.
fn trust_options(fields: BTreeMap<String, String>) -> BTreeMap<String, String> {
    const KEPT: [&str; 8] = [
        "signed-by",
        "trusted",
        "check-valid-until",
        "valid-until-min",
        "valid-until-max",
        "check-date",
        "date-max-future",
        "by-hash",
    ];
    fields
        .into_iter()
        .filter(|(key, _)| KEPT.contains(&key.as_str()))
        .collect()
}

/// apt's own idea of no (`StringToBool` in its source).
fn is_no(word: &str) -> bool {
    ["no", "false", "without", "off", "disable", "0"]
        .iter()
        .any(|no| word.eq_ignore_ascii_case(no))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DEB822: &str = "\
Types: deb
# a remark inside a stanza
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
 bookworm-backports
Components: main third-party
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb-src
URIs: http://mirror.example/debian
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://vendor.example/apt
Suites: nodistro
Components: main
";

    #[test]
    fn only_what_debian_offers_is_kept() {
        let sources = parse_deb822(DEB822);
        assert_eq!(sources.len(), 2);
        let kept: Vec<_> = sources
            .iter()
            .filter_map(|s| s.for_release("bookworm"))
            .collect();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].suites, ["bookworm", "bookworm-updates"]);
        assert_eq!(kept[0].components, ["main"]);
        assert_eq!(sources.iter().filter_map(Source::for_debian).count(), 1);
        assert!(kept[0].stanza().contains("signed-by: /usr/share/keyrings/"));
    }

    #[test]
    fn one_line_entries_say_the_same() {
        let text = "# deb http://off.example x main\n\
            deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian-security bookworm-security main # fixes\n\
            deb-src http://mirror.example/debian bookworm main\n\
            deb http://vendor.example/linux bookworm stable\n";
        let sources = parse_one_line(text);
        assert_eq!(sources.len(), 2);
        let kept: Vec<_> = sources
            .iter()
            .filter_map(|s| s.for_release("bookworm"))
            .collect();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].uris, ["http://mirror.example/debian-security"]);
        assert_eq!(kept[0].options["signed-by"], "/k.gpg");
        assert_eq!(kept[0].options.len(), 1);
    }

    #[test]
    fn a_key_inside_the_file_survives() {
        let text = "Types: deb\nURIs: http://m.example/\nSuites: sid\nComponents: main\nSigned-By:\n -----BEGIN\n .\n abc\n";
        let stanza = parse_deb822(text)[0].stanza();
        assert!(
            stanza.ends_with("signed-by: \n -----BEGIN\n .\n abc\n\n"),
            "{stanza}"
        );
        assert_eq!(parse_deb822(&stanza), parse_deb822(text));
    }

    proptest! {
        #[test]
        fn no_file_panics(text in "(?s).{0,200}") {
            let _sources = (parse_deb822(&text), parse_one_line(&text));
        }

        #[test]
        fn stanzas_round_trip(uri in "https?://[a-z./]{1,20}", suite in "[a-z-]{1,12}", key in "/[a-z./]{1,20}") {
            let source = Source {
                uris: vec![uri],
                suites: vec![suite],
                components: vec!["main".to_owned()],
                options: [("signed-by".to_owned(), key)].into(),
            };
            prop_assert_eq!(parse_deb822(&source.stanza()), [source]);
        }
    }
}
