//! Small Debian packages, made byte by byte so that they can be wrong on purpose.

/// One entry of a package's `data.tar`.
pub(crate) enum Item<'a> {
    /// A directory.
    Dir(&'a str),
    /// A file with its content.
    File(&'a str, &'a [u8]),
    /// A file that may be executed.
    Program(&'a str, &'a [u8]),
    /// A symbolic link.
    Link(&'a str, &'a str),
    /// Another name of an earlier file.
    Hard(&'a str, &'a str),
}

/// The bytes of a package with these files, uncompressed.
pub(crate) fn deb(items: &[Item<'_>]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for item in items {
        append(&mut tar, item);
    }
    let data = tar.into_inner().unwrap();
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, content) in [
        ("debian-binary", &b"2.0\n"[..]),
        ("control.tar", b""),
        ("data.tar", &data),
    ] {
        let size = content.len();
        bytes.extend(
            format!(
                "{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n",
                0, 0, 0, 100_644
            )
            .bytes(),
        );
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(2), b'\n');
    }
    bytes
}

fn append(tar: &mut tar::Builder<Vec<u8>>, item: &Item<'_>) {
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(0);
    match *item {
        Item::Dir(path) => {
            header.set_entry_type(tar::EntryType::Directory);
            tar.append_data(&mut header, path, &[][..]).unwrap();
        }
        Item::File(path, content) | Item::Program(path, content) => {
            if matches!(item, Item::Program(..)) {
                header.set_mode(0o755);
            }
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, path, content).unwrap();
        }
        Item::Link(path, target) => {
            header.set_entry_type(tar::EntryType::Symlink);
            tar.append_link(&mut header, path, target).unwrap();
        }
        Item::Hard(path, target) => {
            header.set_entry_type(tar::EntryType::Link);
            tar.append_link(&mut header, path, target).unwrap();
        }
    }
}
