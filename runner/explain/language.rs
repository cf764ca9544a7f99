//! The languages whose programs a step ran: what is right for one is wrong advice for another.

use std::collections::BTreeSet;

/// A language in which the order of a set or a map is drawn anew, or is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Language {
    Python,
    Perl,
    Java,
    Go,
    Rust,
    Lua,
    Ocaml,
}

/// Those of the programs that were seen to start; none where nobody saw them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Languages(BTreeSet<Language>);

impl Language {
    /// What has to be written for an order that is the same each time.
    fn sorted(self) -> &'static str {
        match self {
            Self::Python => {
                "Python: sorted(…) where a set is read, or export PYTHONHASHSEED=0 for the step"
            }
            Self::Perl => "Perl: sort keys, or export PERL_HASH_SEED=0 for the step",
            Self::Java => {
                "Java: a TreeSet, TreeMap or LinkedHashMap, as Set.of and Map.of are shuffled in each JVM"
            }
            Self::Go => "Go: sort the keys, as a map is read in another order each time",
            Self::Rust => "Rust: a BTreeMap or BTreeSet, as a HashMap draws its seed",
            Self::Lua => "Lua: table.sort the keys, as pairs has no order",
            Self::Ocaml => "OCaml: Hashtbl without ~random, or sort what is folded out of it",
        }
    }

    /// The one that a program of this name interprets, compiles or runs.
    fn of(program: &str) -> Option<Self> {
        let is = |begin: &str| {
            let rest = program.strip_prefix(begin);
            rest.is_some_and(|rest| rest.bytes().all(|byte| !byte.is_ascii_alphabetic()))
        };
        Some(match () {
            () if is("python") || is("pypy") => Self::Python,
            () if is("perl") => Self::Perl,
            () if is("java") || is("javac") || is("kotlinc") => Self::Java,
            () if is("go") => Self::Go,
            () if is("rustc") => Self::Rust,
            () if is("lua") || is("luajit") || is("texlua") => Self::Lua,
            () if is("ocaml") || is("ocamlrun") || is("ocamlopt.opt") => Self::Ocaml,
            () => return None,
        })
    }
}

impl Languages {
    /// The languages of these programs.
    pub fn of(programs: &BTreeSet<String>) -> Self {
        let languages = programs.iter().filter_map(|name| Language::of(name));
        Self(languages.collect())
    }

    /// What has to be written for an order that is the same each time, in each of them.
    pub fn sorted(&self) -> String {
        if self.0.is_empty() {
            return "sort what a set or a map gives (Python: sorted(…) or PYTHONHASHSEED=0; Perl: sort keys or \
                    PERL_HASH_SEED=0)"
                .to_owned();
        }
        let advice: Vec<_> = self.0.iter().map(|language| language.sorted()).collect();
        advice.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(programs: &[&str]) -> String {
        let programs = programs.iter().map(|name| (*name).to_owned());
        Languages::of(&programs.collect()).sorted()
    }

    #[test]
    fn advice_is_for_what_was_run() {
        let java = advice(&["dash", "java", "javac"]);
        assert!(java.starts_with("Java: a TreeSet") && !java.contains("PYTHONHASHSEED"));
        let two = advice(&["python3.11", "perl"]);
        assert!(two.contains("PYTHONHASHSEED=0") && two.contains("; Perl: sort keys"));
    }

    #[test]
    fn a_name_that_only_begins_like_a_language_is_none() {
        for name in ["gofmt", "perldoc", "javadoc", "pythonic", "luatex", "sh"] {
            assert_eq!(Language::of(name), None, "{name}");
        }
        assert!(advice(&["sh"]).contains("PYTHONHASHSEED=0"));
    }
}
