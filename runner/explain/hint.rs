//! What to change, for the tool that wrote what differs.

use crate::cause::Cause;
use crate::content_kind::ContentKind;
use crate::evidence::context::TextContext;
use crate::evidence::naming::mentions;
use crate::language::Languages;
use crate::location::{FindingDraft, Location};
use zwieback_model::variation::factor::Factor;

/// What is to be changed where two runs under the same conditions differ.
pub const UNSTEADY: &str =
    "write nothing that is measured, drawn, or that depends on which of several finishes first";

/// A fix for this finding, where one is known.
pub fn fix(location: &Location, draft: &FindingDraft<'_>, languages: &Languages) -> Option<String> {
    let cause = draft.attribution.cause;
    let text = match cause {
        Cause::MemberTime => member_time(location),
        Cause::MemberOwner => member_owner(location),
        Cause::MemberMode | Cause::FileMode => member_mode(location),
        Cause::MemberOrder => member_order(location, &draft.attribution.factors),
        Cause::DateInText | Cause::YearInText | Cause::Timezone | Cause::SourceTime => {
            date_in_text(location, draft)
        }
        Cause::LineOrder | Cause::WordOrder => {
            return Some(order(&draft.attribution.factors, languages));
        }
        Cause::DebugPath | Cause::FileMacro | Cause::BuildPath => match path(location, draft) {
            Some(text) => text,
            None => return plain(cause, languages),
        },
        Cause::RandomValue if is_symbol(draft) => {
            "`-frandom-seed=NAME` for each object, e.g. -frandom-seed=$@ in a make rule"
        }
        _ => return plain(cause, languages),
    };
    Some(text.to_owned())
}

/// Causes whose fix does not depend on the place.
pub fn plain(cause: Cause, languages: &Languages) -> Option<String> {
    if cause == Cause::HashSeed {
        return Some(languages.sorted());
    }
    let text = compiled(cause).or_else(|| machine(cause))?;
    Some(text.to_owned())
}

fn compiled(cause: Cause) -> Option<&'static str> {
    Some(match cause {
        Cause::DateMacro => {
            "drop `__DATE__` and `__TIME__`, or export SOURCE_DATE_EPOCH, which gcc and clang put in their place (-Wdate-time finds them)"
        }
        Cause::DebugPath => {
            "map the path away: add `-ffile-prefix-map=$PWD=.` to CFLAGS (Rust: --remap-path-prefix, Go: -trimpath)"
        }
        Cause::FileMacro => {
            "add `-ffile-prefix-map=$PWD=.` (or only -fmacro-prefix-map) to CFLAGS, or compile by relative paths"
        }
        Cause::MachineCode => {
            "compile for a named machine: `-march=x86-64-v2` instead of `-march=native`; tell the build not to probe the CPU"
        }
        Cause::SymbolOrder => {
            "link in a fixed order: sort the list of objects, e.g. `$(sort $(wildcard *.o))`"
        }
        Cause::DebugInformation => {
            "compare with `-g0`; use `-frandom-seed=NAME` for each object and a fixed order of inputs"
        }
        Cause::CompressionTime => "`gzip -n` (or GZIP=-n, Python: gzip.GzipFile(mtime=0))",
        Cause::CompressionName => "`gzip -n`, which leaves the name out",
        Cause::CompressionSettings => {
            "use one compressor at one level with one thread: `-T1`, no pigz"
        }
        Cause::BytecodeTime => {
            "`python -m compileall --invalidation-mode unchecked-hash`, or export SOURCE_DATE_EPOCH"
        }
        Cause::DocumentDate => "export SOURCE_DATE_EPOCH, or strip the date from the metadata",
        Cause::DocumentId => "export SOURCE_DATE_EPOCH; for TeX also `\\pdftrailerid{}`",
        Cause::LoneBuildId => {
            "make it from the content, `-Wl,--build-id=sha1`; where the program is stripped, mend what is stripped: `-ffile-prefix-map=$PWD=.`"
        }
        Cause::GeneratedComment => {
            "`javadoc -notimestamp`, or the generator's own option against time stamps"
        }
        _ => return None,
    })
}

fn machine(cause: Cause) -> Option<&'static str> {
    Some(match cause {
        Cause::TimeInBinary => "write SOURCE_DATE_EPOCH instead of the current time",
        Cause::BuildPath => {
            "write paths relative to the build folder, or `-ffile-prefix-map=$PWD=.` where a compiler writes them"
        }
        Cause::OutputPath => {
            "configure for where it is meant to lie (`--prefix=/usr`) and install by `make install DESTDIR=$OUT`, so that $OUT is in no file"
        }
        Cause::HomePath => {
            "do not write $HOME; set it to a constant in the recipe if the tool insists"
        }
        Cause::TemporaryPath | Cause::TemporaryName => {
            "do not write names of temporary files; gcc: -frandom-seed=NAME, -pipe or --save-temps"
        }
        Cause::UserName => {
            "do not write whoami or id; most tools take a fixed name by an option or variable"
        }
        Cause::HostName => "do not write `hostname` or `uname -n`; use a constant",
        Cause::KernelRelease => {
            "do not write `uname`; the kernel of the building machine is no property of the output"
        }
        Cause::CpuCount => "do not write the number of CPUs; use it for `-j` only",
        Cause::CpuModel => "do not read /proc/cpuinfo for what is written",
        Cause::MemorySize => "do not read /proc/meminfo or sysinfo for what is written",
        Cause::Uptime => "do not write /proc/uptime",
        Cause::BootId => "do not read /proc/sys/kernel/random/boot_id or machine-id",
        Cause::ProcessId => "do not write `$$` or getpid(); use a constant or a counter",
        Cause::FileMode => "`umask 022` in the step, or give modes by hand (install -m 644)",
        Cause::Environment => "do not write the environment; name the variables that are needed",
        Cause::TerminalWidth => "set COLUMNS=80 for the tool that formats",
        Cause::Locale => "export LC_ALL=C for the step",
        Cause::InodeNumber => {
            "do not write or sort by inode numbers; `cpio --reproducible` numbers anew"
        }
        Cause::VersionControl => {
            "do not ask git or hg in the build; pass the version in (setuptools-scm: SETUPTOOLS_SCM_PRETEND_VERSION)"
        }
        Cause::RandomValue => {
            "derive the value from the content (a digest, uuid5) or give the generator a fixed seed"
        }
        Cause::Address => "do not print pointers or default object names (repr, id(), %p)",
        Cause::Measurement => {
            "do not write measured times or counts into outputs; keep them in the log"
        }
        Cause::LinkTarget => "link to relative targets",
        _ => return None,
    })
}

/// The tool that writes a path, told by the section it stands in and the name it ends with.
fn path(location: &Location, draft: &FindingDraft<'_>) -> Option<&'static str> {
    let (left, detail) = (draft.left.as_str(), draft.detail.as_str());
    // The text that is shown may go on behind the name.
    let leads_to = |end: &str| {
        let mut found = left.match_indices(end);
        found
            .any(|(at, _)| !left[at + end.len()..].starts_with(|next: char| next.is_alphanumeric()))
    };
    Some(match () {
        () if detail.contains(".dynstr") => {
            "give a run path that begins at the program: `-Wl,-rpath,'$ORIGIN/../lib'`, or none"
        }
        () if detail.contains(".gopclntab") || leads_to(".go") => "`go build -trimpath`",
        () if leads_to(".rs") => "`rustc --remap-path-prefix=$PWD=.`, with cargo in RUSTFLAGS",
        () if is_bytecode(location) => {
            "`python -m compileall -s $PWD`, which leaves the folder out, or compile by a relative path"
        }
        () if left.contains("#line ") => {
            "call the generator by a relative path, or without `#line`: bison -l, flex -L"
        }
        () => return None,
    })
}

fn member_time(location: &Location) -> &'static str {
    match location.holder {
        Some(ContentKind::Ar) => {
            "make the archive deterministic: `ar D`, e.g. ARFLAGS=Dcr, and `ranlib -D`"
        }
        Some(ContentKind::Zip) if is_jar(location) => {
            "`jar --date=1980-01-01T00:00:02Z` (JDK 17.0.3 or later); Maven: project.build.outputTimestamp, Gradle: preserveFileTimestamps = false"
        }
        Some(ContentKind::Zip) if is_wheel(location) => {
            "export SOURCE_DATE_EPOCH for the step that builds the wheel"
        }
        Some(ContentKind::Cpio) => {
            "`find . -exec touch -h -d @$SOURCE_DATE_EPOCH {} +` before `cpio --reproducible`"
        }
        Some(ContentKind::Zip) => {
            "`find . -exec touch -h -d @$SOURCE_DATE_EPOCH {} +` and `TZ=UTC zip -X`"
        }
        _ => {
            "`tar --mtime=@$SOURCE_DATE_EPOCH --clamp-mtime`; pax headers: --pax-option=delete=atime,delete=ctime"
        }
    }
}

fn member_owner(location: &Location) -> &'static str {
    match location.holder {
        Some(ContentKind::Ar) => "make the archive deterministic: `ar D`, e.g. ARFLAGS=Dcr",
        Some(ContentKind::Zip) => "`zip -X`, which leaves owners out",
        Some(ContentKind::Cpio) => "`cpio -R 0:0`",
        _ => "`tar --owner=0 --group=0 --numeric-owner`",
    }
}

fn member_mode(location: &Location) -> &'static str {
    match location.holder {
        Some(ContentKind::Ar) => {
            "make the archive deterministic: `ar D`, or `umask 022` in the step"
        }
        Some(ContentKind::Tar) => "`umask 022` in the step, or `tar --mode=go=rX,u+rw,a-s`",
        _ => "`umask 022` in the step, or `chmod` to a fixed mode (install -m 644)",
    }
}

fn member_order(location: &Location, factors: &[Factor]) -> &'static str {
    let innermost = ContentKind::of_name(location.name());
    match innermost {
        Some(ContentKind::Tar) => "`tar --sort=name`",
        Some(ContentKind::Cpio) => "`find . | LC_ALL=C sort | cpio -o -H newc`",
        Some(ContentKind::Zip) => "`find . | LC_ALL=C sort | zip -X@ OUT.zip`",
        Some(ContentKind::Ar) if factors.first() == Some(&Factor::Scheduling) => {
            "add the members in one command, in a fixed order"
        }
        _ => {
            "sort the members: `$(sort $(wildcard *.o))`, or `LC_ALL=C sort` between find and the archiver"
        }
    }
}

fn date_in_text(location: &Location, draft: &FindingDraft<'_>) -> &'static str {
    match (
        draft.attribution.cause,
        TextContext::of_text(location.name()),
    ) {
        (Cause::Timezone, _) => {
            "format times in UTC: `date -u`, time.gmtime, or TZ=UTC for the step"
        }
        (Cause::SourceTime, _) => {
            "do not write modification times of sources; use SOURCE_DATE_EPOCH"
        }
        (Cause::YearInText, _) => {
            "take the year from SOURCE_DATE_EPOCH: `date -u -d @$SOURCE_DATE_EPOCH +%Y`"
        }
        _ if mentions(draft.context, &["pot-creation-date"]) => {
            "xgettext takes no date: `sed -i '/^\"POT-Creation-Date:/d'` behind it, or write the date of SOURCE_DATE_EPOCH there"
        }
        (_, TextContext::Manual) => {
            "export SOURCE_DATE_EPOCH (help2man, pod2man and docbook take it), or `pod2man --date`"
        }
        (_, TextContext::Markup) => {
            "switch the generator's time stamp off, or export SOURCE_DATE_EPOCH"
        }
        _ => "write `date -u -d @$SOURCE_DATE_EPOCH` instead of `date`",
    }
}

/// How to fix an order, given the factors that may have made it.
pub fn order(factors: &[Factor], languages: &Languages) -> String {
    let text = match factors {
        [Factor::Locale, ..] => "`LC_ALL=C sort`: the order must not depend on the locale",
        [Factor::HashSeed, ..] => return languages.sorted(),
        [Factor::Scheduling, ..] => {
            "gather the parts in a fixed order after the parallel work, or `make -j1` for this target"
        }
        [Factor::Aslr] => "sort by a name or a number, never by a pointer",
        [Factor::ReaddirOrder | Factor::Inode, ..] => {
            "sort what find, ls or glob return: `LC_ALL=C sort`, sorted(os.listdir())"
        }
        _ => {
            return format!(
                "write them in a fixed order: {}; `LC_ALL=C sort` for file names; gather parallel work in order",
                languages.sorted()
            );
        }
    };
    text.to_owned()
}

/// Names of symbols and sections are made by the compiler, not by the program.
fn is_symbol(draft: &FindingDraft<'_>) -> bool {
    draft.detail.contains(".strtab") || draft.detail == "section name"
}

fn is_bytecode(location: &Location) -> bool {
    [".pyc"].iter().any(|end| location.name().ends_with(end))
}

fn is_jar(location: &Location) -> bool {
    holder_ends(location, &[".jar", ".war", ".ear"])
}

fn is_wheel(location: &Location) -> bool {
    holder_ends(location, &[".whl"])
}

fn holder_ends(location: &Location, ends: &[&str]) -> bool {
    let holder = match location.members.len().checked_sub(2) {
        Some(at) => location.members[at].as_str(),
        None => location.path.as_str(),
    };
    ends.iter().any(|end| holder.ends_with(end))
}
