//! The file system in which a sandbox's own files are made, before they are shown to it.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use zwieback_model::sandbox_spec::limits::Quota;

use crate::call::CallError;
use crate::kernel::file;
use crate::kernel::mount::{self, Attributes};

/// All of them are this large together at most.
const ROOM: Quota = Quota {
    bytes: 16 << 20,
    inodes: 1024,
};

/// Where it can be seen, but not changed.
const WINDOW: &str = "window";

/// One small file system in memory. It lies on the host's `/proc`, in the sandbox's own mount
/// namespace, and goes with the host's mounts; what it shows stays.
///
/// Before Linux 6.15, only what is attached can be cloned.
pub(crate) struct ScratchFs {
    tree: OwnedFd,
    window: OwnedFd,
}

impl ScratchFs {
    /// An empty one. Its files belong to whoever this process is.
    pub(crate) fn set_up() -> Result<Self, CallError> {
        let tree = mount::create("tmpfs", &size_options(ROOM, "0755"), Attributes::DATA)?;
        mount::attach(&tree, "/proc")?;
        file::make_directory_at(&tree, WINDOW)?;
        let window = mount::clone_file(&tree, "")?;
        mount::restrict(&window, "", Attributes::INERT)?;
        mount::attach_below(&window, &tree, WINDOW)?;
        Ok(Self { tree, window })
    }

    /// Makes a file.
    pub(crate) fn file(&self, name: &str, content: &str) -> Result<(), CallError> {
        file::create_at(&self.tree, name, content)
    }

    /// Makes a directory.
    pub(crate) fn directory(&self, name: &str) -> Result<(), CallError> {
        file::make_directory_at(&self.tree, name)
    }

    /// The directory that all of this is in.
    pub(crate) fn top(&self) -> BorrowedFd<'_> {
        self.tree.as_fd()
    }

    /// What has this name, as a mount through which nothing can be changed.
    pub(crate) fn show(&self, name: &str) -> Result<OwnedFd, CallError> {
        mount::clone_file(&self.window, name)
    }
}

/// The options of a tmpfs. Without `nr_inodes` it would hold one file for each two pages of the
/// machine, which is another machine's other number.
pub(crate) fn size_options(quota: Quota, mode: &str) -> Vec<(&'static str, String)> {
    vec![
        ("mode", mode.to_owned()),
        ("size", quota.bytes.to_string()),
        ("nr_inodes", quota.inodes.to_string()),
    ]
}
