//! Where a text was found, which decides what a token in it means and how to fix it.

/// The surroundings of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextContext {
    /// Any text.
    Text,
    /// HTML or XML.
    Markup,
    /// A manual page.
    Manual,
    /// A script or source file.
    Backing,
    /// A list of files with their digests.
    Manifest,
    /// Constants of a program.
    Constants,
    /// Debug information.
    Debug,
    /// Names of symbols and sections.
    Symbols,
    /// Instructions.
    Code,
    /// Java bytecode.
    Class,
    /// Python bytecode.
    Bytecode,
    /// The metadata of an image.
    Image,
    /// A PDF document.
    Document,
    /// Bytes without known structure.
    Binary,
}

impl TextContext {
    /// The context of a text file, by the end of its name.
    pub fn of_text(name: &str) -> Self {
        let name = name.rsplit('/').next().unwrap_or(name);
        let end = name.rsplit_once('.').map_or("", |(_, end)| end);
        match end {
            "html" | "htm" | "xml" | "xhtml" | "svg" => Self::Markup,
            "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" => Self::Manual,
            "c" | "h" | "cc" | "cpp" | "hpp" | "py" | "pl" | "sh" | "js" | "go" | "rs" | "java" => {
                Self::Backing
            }
            _ if matches!(name, "RECORD" | "SHA256SUMS" | "MD5SUMS" | "md5sums") => Self::Manifest,
            _ => Self::Text,
        }
    }

    /// Whether this is the inside of a program.
    pub fn is_program(self) -> bool {
        matches!(
            self,
            Self::Constants | Self::Debug | Self::Symbols | Self::Code
        )
    }
}
