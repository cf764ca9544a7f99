//! Measures the store: `cargo bench -p zwieback-host --bench store -- DEBS…` prints ratios against the usual tools.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use zwieback_explain::archive::ar;
use zwieback_explain::archive::compression::{Compression, WindowLimit};
use zwieback_explain::content::View;
use zwieback_explain::content_kind::ContentKind;
use zwieback_host::archive::options::Options;
use zwieback_host::archive::tar;
use zwieback_host::capture::outputs::capture;
use zwieback_host::capture::rules::Rules;
use zwieback_host::content::OpenFile;
use zwieback_host::stage::{Access, Bytes, Order, StageOptions, Top, stage};
use zwieback_host::store::place::Store;
use zwieback_host::store::stored::StoredTree;
use zwieback_host::store::writer::TreeWriter;
use zwieback_model::digest::Fingerprint;
use zwieback_model::rel_path::RelPath;

/// Pairs are interleaved, so that a busy machine slows both sides.
const ROUNDS: usize = 3;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [command, store, digest, ..] = words.as_slice()
        && command == "hash"
    {
        return hash(Path::new(store), digest);
    }
    let debs: Vec<PathBuf> = std::env::args_os()
        .skip(1)
        .map(PathBuf::from)
        .filter(|path| path.extension().is_some_and(|end| end == "deb"))
        .collect();
    if debs.is_empty() {
        println!("skipped: name some .deb files to unpack");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut stored = None;
    for round in 0..ROUNDS {
        let into = place.path().join(format!("dpkg-{round}"));
        theirs.push(timed(|| dpkg_deb(&debs, &into)).0);
        let store = Store::open(&place.path().join(format!("store-{round}"))).unwrap();
        let (time, tree) = timed(|| assemble(&store, &debs));
        ours.push(time);
        stored = Some((store, tree));
    }
    compare("unpack", "dpkg-deb -x", &ours, &theirs);
    let (store, tree) = stored.unwrap();
    println!(
        "{} entries, {} bytes",
        tree.tree().len(),
        tree.tree().total_size()
    );
    use_tree(&store, &tree, place.path());
}

/// One line of seconds: every file of a stored tree read and hashed, and the tree made ready for a build.
fn hash(store: &Path, digest: &str) {
    let store = Store::open(store).unwrap();
    let digest = digest.parse().unwrap();
    let tree = store.tree(&digest).unwrap().unwrap();
    let whole = timed(|| tree.check_whole().unwrap()).0;
    let ready = timed(|| drop(store.ready_tree(&digest).unwrap())).0;
    println!("{} {}", whole.as_secs_f64(), ready.as_secs_f64());
}

fn use_tree(store: &Store, tree: &StoredTree, place: &Path) {
    let best = |work: &dyn Fn()| (0..5).map(|_| timed(work).0).min().unwrap();
    println!(
        "open store  {:?}",
        best(&|| drop(Store::open(store.path()).unwrap()))
    );
    println!(
        "load tree   {:?}",
        best(&|| drop(store.tree(tree.digest()).unwrap()))
    );
    println!(
        "ready tree  {:?}",
        best(&|| drop(store.ready_tree(tree.digest()).unwrap()))
    );
    println!("check quick {:?}", best(&|| tree.check_quick().unwrap()));
    let (mut ours, mut b3, mut both, mut whole) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        whole.push(timed(|| tree.check_whole().unwrap()).0);
        let dir = File::open(tree.path()).unwrap();
        ours.push(timed(|| capture(dir.as_fd(), &Rules::default()).unwrap()).0);
        b3.push(timed(|| read_all(tree, |bytes| *blake3::hash(bytes).as_bytes())).0);
        both.push(timed(|| read_all(tree, |bytes| *Fingerprint::of(bytes).sha256.as_bytes())).0);
    }
    compare("check whole", "read + blake3, one thread", &whole, &b3);
    compare(
        "capture (sha256 + blake3)",
        "read + blake3, one thread",
        &ours,
        &b3,
    );
    compare(
        "capture (sha256 + blake3)",
        "read + both, one thread",
        &ours,
        &both,
    );
    let into = place.join("staged");
    std::fs::create_dir(&into).unwrap();
    let dir = File::open(&into).unwrap();
    let options = StageOptions {
        order: Order::Reversed,
        mtime: Some(1),
        owner: None,
        access: Access::Writable,
        bytes: Bytes::Known,
        top: Top::Dressed,
    };
    println!(
        "stage       {:?}",
        timed(|| stage(tree, dir.as_fd(), None, &options).unwrap()).0
    );
}

fn read_all(tree: &StoredTree, digest: impl Fn(&[u8]) -> [u8; 32]) {
    for (path, _) in tree.tree().files() {
        std::hint::black_box(digest(
            &std::fs::read(tree.path().join(path.as_path())).unwrap(),
        ));
    }
}

fn dpkg_deb(debs: &[PathBuf], into: &Path) {
    for deb in debs {
        let status = Command::new("dpkg-deb")
            .arg("-x")
            .arg(deb)
            .arg(into)
            .status();
        assert!(status.unwrap().success());
    }
}

fn assemble(store: &Store, debs: &[PathBuf]) -> StoredTree {
    let writer = store.tree_writer().unwrap();
    // The largest first: the two threads end together.
    let mut queue = debs.to_vec();
    queue.sort_by_key(|deb| deb.metadata().unwrap().len());
    let queue = Mutex::new(queue);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(deb) = queue.lock().unwrap().pop() else {
                        break;
                    };
                    unpack_deb(&writer, &deb);
                }
            });
        }
    });
    writer.commit().unwrap()
}

fn unpack_deb(writer: &TreeWriter, deb: &Path) {
    let file = OpenFile::new(File::open(deb).unwrap()).unwrap();
    let list = ar::members(&View::of(&file), 10).unwrap();
    let mut members = list.members.iter();
    let data = members
        .find(|member| member.name.starts_with("data.tar"))
        .unwrap();
    let compression = Compression::of(ContentKind::of("", &data.content).unwrap());
    let stream = compression
        .decode(data.content.reader(), WindowLimit::ONE_ARCHIVE)
        .unwrap();
    let options = Options {
        place: &usr_merge,
        ..Options::default()
    };
    let name = deb.file_name().unwrap().to_string_lossy();
    tar::unpack(stream, &writer.layer(&name), &options).unwrap();
}

fn usr_merge(path: RelPath) -> Option<RelPath> {
    let top = path.parts().next().unwrap_or_default();
    match top {
        "bin" | "sbin" | "lib" | "lib64" => format!("usr/{path}").parse().ok(),
        _ => Some(path),
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let done = work();
    (start.elapsed(), done)
}

fn compare(us: &str, them: &str, ours: &[Duration], theirs: &[Duration]) {
    let (one, other) = (ours.iter().min().unwrap(), theirs.iter().min().unwrap());
    let ratio = one.as_secs_f64() / other.as_secs_f64();
    println!("{us} {one:?}, {them} {other:?}, ratio {ratio:.2} (best of {ROUNDS})");
}
