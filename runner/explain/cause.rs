//! Why two files differ: the causes there are, and what each is called.

use serde::{Deserialize, Serialize};

/// Why bytes differ. The names in JSON are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "`title` says what each of them means")]
pub enum Cause {
    MemberTime,
    MemberOwner,
    MemberMode,
    MemberOrder,
    CompressionTime,
    CompressionName,
    CompressionSettings,
    BytecodeTime,
    DateMacro,
    DocumentDate,
    DocumentId,
    GeneratedComment,
    DateInText,
    TimeInBinary,
    YearInText,
    Timezone,
    DebugPath,
    FileMacro,
    BuildPath,
    OutputPath,
    HomePath,
    TemporaryPath,
    TemporaryName,
    UserName,
    HostName,
    KernelRelease,
    CpuCount,
    CpuModel,
    MemorySize,
    Uptime,
    BootId,
    ProcessId,
    Environment,
    TerminalWidth,
    Locale,
    SourceTime,
    FileMode,
    InodeNumber,
    VersionControl,
    RandomValue,
    HashSeed,
    Address,
    LineOrder,
    WordOrder,
    SymbolOrder,
    MachineCode,
    DebugInformation,
    BuildId,
    LoneBuildId,
    ContentDigest,
    Length,
    EntryKind,
    Presence,
    LinkTarget,
    Measurement,
    Content,
}

impl Cause {
    /// What happened, as a noun that fits after `cause:`.
    pub fn title(self) -> &'static str {
        match self {
            Self::MemberTime => "modification time of an archive member",
            Self::MemberOwner => "owner of an archive member",
            Self::MemberMode => "permissions of an archive member",
            Self::MemberOrder => "order of the members of an archive",
            Self::CompressionTime => "time in the header of a compressed file",
            Self::CompressionName => "file name in the header of a compressed file",
            Self::CompressionSettings => "same content, compressed differently",
            Self::BytecodeTime => "modification time of the source in Python bytecode",
            Self::DateMacro => "date of the compilation in the program (`__DATE__`, `__TIME__`)",
            Self::DocumentDate => "date in the metadata of a document",
            Self::DocumentId => "identifier in the metadata of a document",
            Self::GeneratedComment => "date in a generated comment",
            Self::DateInText => "date or time in a text",
            Self::TimeInBinary => "time in binary data",
            Self::YearInText => "the current year",
            Self::Timezone => "a time written in the local time zone",
            Self::DebugPath => "build path in debug information",
            Self::FileMacro => "build path in the program, usually by `__FILE__`",
            Self::BuildPath => "build path in the output",
            Self::OutputPath => "path of the output folder in the output",
            Self::HomePath => "home directory in the output",
            Self::TemporaryPath => "temporary directory in the output",
            Self::TemporaryName => "random name of a temporary file",
            Self::UserName => "user or group of the build",
            Self::HostName => "name of the building machine",
            Self::KernelRelease => "kernel release of the building machine",
            Self::CpuCount => "number of CPUs of the building machine",
            Self::CpuModel => "CPU model of the building machine",
            Self::MemorySize => "memory of the building machine",
            Self::Uptime => "uptime of the building machine",
            Self::BootId => "boot id of the building machine",
            Self::ProcessId => "process id",
            Self::Environment => "environment of the build",
            Self::TerminalWidth => "width of the terminal",
            Self::Locale => "locale of the build",
            Self::SourceTime => "modification time of a source file",
            Self::FileMode => "file mode left to the umask",
            Self::InodeNumber => "inode number",
            Self::VersionControl => "version control state found above the build folder",
            Self::RandomValue => "random value",
            Self::HashSeed => "random seed of a hash function",
            Self::Address => "memory address",
            Self::LineOrder => "same lines in another order",
            Self::WordOrder => "same words in another order",
            Self::SymbolOrder => "same symbols in another order",
            Self::MachineCode => "instructions chosen for the building machine's CPU",
            Self::DebugInformation => "debug information",
            Self::BuildId => "build id, which follows from the other differences",
            Self::LoneBuildId => {
                "build id, and nothing else: it is drawn, or what it is made of was stripped away"
            }
            Self::ContentDigest => "digest of something else that differs",
            Self::Length => "lengths and offsets that follow from the other differences",
            Self::EntryKind => "another kind of entry",
            Self::Presence => "present in one run only",
            Self::LinkTarget => "target of a symbolic link",
            Self::Measurement => "a measured number, such as an elapsed time",
            Self::Content => "content",
        }
    }

    /// Whether such a difference follows from another one in the same file.
    pub fn is_consequence(self) -> bool {
        matches!(self, Self::BuildId | Self::ContentDigest | Self::Length)
    }

    /// Whether it says no more than that there is a difference.
    pub fn is_nameless(self) -> bool {
        matches!(self, Self::Content | Self::Measurement)
    }

    /// The stable name, as in JSON.
    pub fn name(self) -> String {
        // One spelling rule instead of a second table: kebab-case of the variant's name.
        let variant = format!("{self:?}");
        let mut name = String::new();
        for (at, c) in variant.char_indices() {
            if at > 0 && c.is_ascii_uppercase() {
                name.push('-');
            }
            name.push(c.to_ascii_lowercase());
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_serde() {
        for cause in [Cause::MemberTime, Cause::Content, Cause::BuildId] {
            let json = serde_json::to_string(&cause).unwrap();
            assert_eq!(json, format!("\"{}\"", cause.name()));
        }
    }
}
