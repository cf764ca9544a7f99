//! Archives, into a store that vanishes: nothing may be written outside of it.

#![no_main]

use std::io::{Seek as _, Write as _};
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use zwieback_host::archive::options::Options;
use zwieback_host::archive::unpack::unpack;
use zwieback_host::store::place::Store;

fn store() -> &'static Store {
    static STORE: OnceLock<Store> = OnceLock::new();
    STORE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Store::open(&folder.keep()).expect("a store can be made there")
    })
}

fuzz_target!(|bytes: &[u8]| {
    let mut file = tempfile::tempfile().expect("a temporary file can be made");
    file.write_all(bytes).expect("it can be written");
    file.rewind().expect("it can be rewound");
    let writer = store().tree_writer().expect("the store can be written");
    let layer = writer.layer("fuzz");
    drop(unpack(file, "fuzz.tar", &layer, &Options::default()));
});
