//! Secrets inside of archives and compressed bytes: each is found with the way to it, and no archive is endless.

use std::io::Write as _;

use zwieback_explain::limits::ExplainLimits;
use zwieback_explain::search::{PlacedHit, Search, Searched};
use zwieback_model::secrets::filter::Filter;
use zwieback_model::secrets::hit::Place;
use zwieback_model::secrets::search_budget::{MOST_HITS, SearchBudget, SearchEnd};

/// A setting with a key that stands whole in no file of this checkout.
fn secret() -> Vec<u8> {
    let key = ["q7Zk2mXp9LtR", "4vYw8Bn3Hs6D"].concat();
    format!("one\napi_key = \"{key}\"\n").into_bytes()
}

fn search(path: &str, bytes: &[u8]) -> Searched {
    within(path, bytes, ExplainLimits::default())
}

fn within(path: &str, bytes: &[u8], limits: ExplainLimits) -> Searched {
    let filter = Filter::new();
    let budget = SearchBudget::new(limits.decompressed);
    let mut search = Search::new(&filter, limits, &budget);
    search
        .content(path, &bytes)
        .expect("bytes in memory can be read");
    search.finish()
}

fn places(path: &str, bytes: &[u8]) -> Vec<(String, Place)> {
    let hits = search(path, bytes).hits.into_iter();
    hits.map(|placed| (placed.path.to_string(), placed.hit.place))
        .collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes all bytes");
    encoder.finish().expect("memory takes all bytes")
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes all bytes");
    encoder.finish().expect("memory takes all bytes")
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(bytes).expect("memory takes all bytes");
    encoder.finish().expect("memory takes all bytes")
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes all bytes");
    encoder.finish().expect("memory takes all bytes")
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in members {
        let mut header = vec![0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        bytes.extend(header);
        bytes.extend(*content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.extend([0; 1024]);
    bytes
}

fn ar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = b"!<arch>\n".to_vec();
    bytes.extend(
        format!(
            "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
            0,
            0,
            0,
            100_644,
            content.len()
        )
        .bytes(),
    );
    bytes.extend(content);
    bytes
}

/// A zip with one member, `method` 0 as it is and 8 deflated, listed `times` times.
fn zip(name: &str, method: u16, content: &[u8], size: usize, times: usize) -> Vec<u8> {
    let [length, packed, size] =
        [name.len(), content.len(), size].map(|size| u32::try_from(size).unwrap_or(0));
    let shared = |bytes: &mut Vec<u8>| {
        bytes.extend([20, 0, 0, 0]);
        bytes.extend(method.to_le_bytes());
        bytes.extend([0; 8]);
        bytes.extend([packed, size].map(u32::to_le_bytes).concat());
        bytes.extend(u16::try_from(length).unwrap_or(0).to_le_bytes());
    };
    let mut bytes = b"PK\x03\x04".to_vec();
    shared(&mut bytes);
    bytes.extend([0; 2]);
    bytes.extend(name.as_bytes());
    bytes.extend(content);
    let start = u32::try_from(bytes.len()).unwrap_or(0);
    for _ in 0..times {
        bytes.extend(b"PK\x01\x02\x14\0");
        shared(&mut bytes);
        bytes.extend([0; 16]);
        bytes.extend(name.as_bytes());
    }
    let size = u32::try_from(bytes.len()).unwrap_or(0) - start;
    bytes.extend(b"PK\x05\x06\0\0\0\0\0\0\0\0");
    bytes.extend([size, start].map(u32::to_le_bytes).concat());
    bytes.extend([0; 2]);
    bytes
}

#[test]
fn each_container_tells_its_member_and_the_line() {
    let secret = secret();
    let line = |path: &str| vec![(path.to_owned(), Place::Line(2))];
    assert_eq!(places("conf", &secret), line("conf"));
    assert_eq!(places("conf.gz", &gzip(&secret)), line("conf.gz!conf"));
    assert_eq!(places("conf.xz", &xz(&secret)), line("conf.xz!conf"));
    assert_eq!(places("conf.bz2", &bzip2(&secret)), line("conf.bz2!conf"));
    let tar = tar(&[("first", b"nothing\n"), ("etc/conf", &secret)]);
    assert_eq!(places("a.tar", &tar), line("a.tar!etc/conf"));
    assert_eq!(places("a.tgz", &gzip(&tar)), line("a.tgz!a.tar!etc/conf"));
    assert_eq!(places("lib.a", &ar("conf/", &secret)), line("lib.a!conf"));
    let stored = zip("conf", 0, &secret, secret.len(), 1);
    assert_eq!(places("a.zip", &stored), line("a.zip!conf"));
    let packed = deflated(&secret);
    let packed = zip("conf", 8, &packed, secret.len(), 1);
    assert_eq!(places("a.jar", &packed), line("a.jar!conf"));
    let nested = ar("data.tar.xz/", &xz(&tar));
    assert_eq!(
        places("a.deb", &nested),
        line("a.deb!data.tar.xz!data.tar!etc/conf")
    );
}

#[test]
fn what_hides_between_members_is_found() {
    let mut tar = tar(&[("first", b"nothing\n")]);
    tar.extend(secret());
    let found = places("a.tar", &tar);
    assert_eq!((found.len(), found[0].0.as_str()), (1, "a.tar"));
}

#[test]
fn what_is_cut_off_is_told() {
    let limits = |edit: fn(&mut ExplainLimits)| {
        let mut limits = ExplainLimits::default();
        edit(&mut limits);
        limits
    };
    let mut nested = secret();
    for _ in 0..12 {
        nested = gzip(&nested);
    }
    let deep = within("x.gz", &nested, ExplainLimits::default());
    assert!(
        deep.hits.is_empty() && deep.skipped[0].1.contains("nest"),
        "{deep:?}"
    );
    let bomb = gzip(&vec![0; 64 << 20]);
    let bomb = within(
        "bomb.gz",
        &bomb,
        limits(|limits| limits.decompressed = 1 << 20),
    );
    assert!(bomb.skipped[0].1.contains("decompressed"), "{bomb:?}");
    let mut damaged = gzip(&secret().repeat(100));
    damaged.truncate(damaged.len() / 2);
    let damaged = search("x.gz", &damaged);
    assert!(damaged.skipped[0].1.contains("damaged"), "{damaged:?}");
    // More than is held is looked through all the same, and only what is inside of it is not entered.
    let mut tar = tar(&[("a", &vec![b'x'; 1 << 20])]);
    tar.extend(secret());
    let large = within(
        "a.tgz",
        &gzip(&tar),
        limits(|limits| limits.inflated = 256 << 10),
    );
    assert_eq!(large.hits.len(), 1, "{large:?}");
    assert!(large.skipped[0].1.contains("entered"), "{large:?}");
}

#[test]
fn an_archive_that_lists_one_member_many_times_ends() {
    // Each member is an archive again, and each of those lists the same once more.
    let mut inner = zip("conf", 0, &secret(), secret().len(), 300);
    for _ in 0..6 {
        inner = zip("inner.zip", 0, &inner, inner.len(), 300);
    }
    let found = search("many.zip", &inner);
    assert!(
        found
            .skipped
            .iter()
            .any(|(_, reason)| reason.contains("members")),
        "{}",
        found.hits.len()
    );
}

#[test]
fn zip_directories_that_name_one_another_are_read_within_one_budget() {
    // Each of the outer members is the whole inner archive: 500 million members in five megabytes.
    let inner = zip("a", 0, b"hello", 5, 50_000);
    let outer = zip("inner.zip", 0, &inner, inner.len(), 10_000);
    let found = search("many.zip", &outer);
    let told = |(_, reason): &(String, String)| reason.contains("listed members is used up");
    assert!(
        found.skipped.iter().any(told),
        "{:?}",
        found.skipped.first()
    );
}

#[test]
fn a_long_name_that_members_share_is_cut_off_and_told() {
    let header = |name: &str, size: usize| {
        format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, 0, 644).into_bytes()
    };
    let mut bytes = b"!<arch>\n".to_vec();
    bytes.extend(header("//", 1 << 20));
    bytes.extend(vec![b'A'; 1 << 20]);
    bytes.extend(header("/0", 0).repeat(100_000));
    let found = search("x.a", &bytes);
    let reasons: Vec<_> = found.skipped.iter().map(|skipped| &*skipped.1).collect();
    // 32 MiB of names hold 8192 of the longest ones.
    assert_eq!(
        reasons,
        [
            "only the first 8192 members could be read",
            "only the first 4096 bytes of a longer name were read"
        ]
    );
}

/// A search through these contents, and the budget that they share.
fn together(contents: &[(&str, &[u8])], unpackable: u64) -> (Searched, SearchBudget) {
    let (filter, budget) = (
        Filter::new(),
        SearchBudget::new(unpackable).at_least(1 << 20),
    );
    let mut search = Search::new(&filter, ExplainLimits::default(), &budget);
    for (path, bytes) in contents {
        search
            .content(path, bytes)
            .expect("bytes in memory can be read");
    }
    let searched = search.finish();
    (searched, budget)
}

#[test]
fn hits_of_all_contents_share_one_room_and_one_path() {
    let line = |number: usize| format!("api_key = \"q7Zk2mXp9LtR4vYw8Bn3{number:05}\"\n");
    let file: String = (0..1000).map(line).collect();
    let files = vec![("out/file", file.as_bytes()); 40];
    let (searched, budget) = together(&files, 0);
    assert_eq!(budget.end(), Some(SearchEnd::Hits));
    let kept = searched.hits.len() as u64;
    assert!((MOST_HITS / 2..=MOST_HITS).contains(&kept), "{kept}");
    assert_eq!(searched.hits.last().map(|placed| placed.content), Some(9));
    // One path for the hits of one file, and told where it ended.
    let [first, second, ..] = &searched.hits[..] else {
        panic!("{kept}")
    };
    let address = |placed: &PlacedHit| placed.path.as_ptr();
    assert_eq!(address(first), address(second));
    assert_eq!(searched.skipped.len(), 1, "{:?}", searched.skipped);
}

#[test]
fn one_file_with_more_hits_than_are_kept_is_not_called_whole() {
    let line = |number: usize| format!("api_key = \"q7Zk2mXp9LtR4vYw8Bn3{number:05}\"\n");
    let file: String = (0..20_000).map(line).collect();
    let (_, budget) = together(&[("file", file.as_bytes())], 0);
    assert_eq!(budget.end(), Some(SearchEnd::Hits));
}

#[test]
fn what_searches_decompress_is_counted_together() {
    let packed = gzip(&vec![0; 3 << 20]);
    let files = [("a.gz", packed.as_slice()), ("b.gz", packed.as_slice())];
    let (searched, budget) = together(&files, 4 << 20);
    assert_eq!(budget.unpackable(), 0);
    let places: Vec<_> = searched.skipped.iter().map(|(path, _)| &**path).collect();
    assert_eq!(places, ["b.gz!b"]);
}

#[test]
fn a_search_whose_work_is_used_up_ends_and_says_where() {
    // Nothing is found in any of it, which is why nothing but the work ends it.
    let crafted = b"password=p1xxxx".repeat(1 << 14);
    let files = vec![("crafted", crafted.as_slice()); 1000];
    let (searched, budget) = together(&files, 0);
    assert_eq!(budget.end(), Some(SearchEnd::Steps));
    assert_eq!(searched.hits.len(), 0);
    assert!(
        searched.skipped[0].1.contains("work"),
        "{:?}",
        searched.skipped
    );
}
