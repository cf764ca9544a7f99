//! Mirrors that lie, stall and break off: the digest decides, the next one is asked, work is not lost.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::time::{Duration, Instant};

use zwieback_test_world::larder::Larder;
use zwieback_test_world::mirror::{Manner, Mirror};
use zwieback_test_world::site;
use zwieback_test_world::source::{recipe_with_source, use_mirrors};
use zwieback_test_world::world::World;

/// More than any buffer on the way, and not compressible by accident: each byte depends on its place.
fn source() -> Vec<u8> {
    let words = (0_u32..100_000).flat_map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes());
    words.collect()
}

/// A world whose recipe `data` takes one file as it is.
fn world(bytes: &[u8]) -> (World, String) {
    let world = World::new(site!(), Larder::Shell);
    let place = recipe_with_source(&world, "data", "data.bin", bytes);
    (world, place)
}

/// Bytes of unfinished downloads. Locks are empty, and notes of where a part came from are short.
fn downloaded(world: &World) -> u64 {
    let folder = world.path("home/.cache/zwieback/downloads");
    let entries = fs::read_dir(folder).unwrap().flatten();
    let parts = entries.filter(|entry| {
        entry
            .path()
            .extension()
            .is_none_or(|extension| extension != "from")
    });
    parts.map(|entry| entry.metadata().unwrap().len()).sum()
}

#[test]
fn wrong_bytes_are_refused_and_thrown_away() {
    let honest = source();
    let (world, place) = world(&honest);
    let mut forged = honest.clone();
    forged[200_000] ^= 1;
    let mirror = Mirror::new([(&place, forged, Manner::Honest)]);
    use_mirrors(&world, &[mirror.root()]);
    let outcome = world.run(&["fetch", "data"]);
    outcome.expect(
        102,
        &["data.bin", "is not what was locked", mirror.root(), "hint:"],
    );
    assert_eq!(downloaded(&world), 0);
    world.run(&["store", "verify"]).expect(0, &["0 problems"]);
    world.run(&["fetch", "data"]).expect(102, &[]);
}

#[test]
fn after_a_liar_the_next_mirror_is_asked() {
    let honest = source();
    let (world, place) = world(&honest);
    let mut forged = honest.clone();
    forged[0] ^= 1;
    let liar = Mirror::new([(&place, forged, Manner::Honest)]);
    let empty = Mirror::new([]);
    let good = Mirror::new([(&place, honest, Manner::Honest)]);
    use_mirrors(&world, &[liar.root(), empty.root(), good.root()]);
    world
        .run(&["fetch", "data"])
        .expect(0, &["Fetched 1 input"]);
    assert_eq!((liar.asked().len(), empty.asked().len()), (1, 1));
    world.run(&["fetch", "data"]).expect(0, &[]);
    assert_eq!(
        good.asked().len(),
        1,
        "what is in the store is not fetched again"
    );
}

#[test]
fn a_download_that_broke_off_goes_on_where_it_ended() {
    let honest = source();
    let (world, place) = world(&honest);
    let half = honest.len() / 2;
    let mirror = Mirror::new([(&place, honest, Manner::BreaksOffOnce)]);
    use_mirrors(&world, &[mirror.root()]);
    world
        .run(&["fetch", "data"])
        .expect(0, &["Fetched 1 input"]);
    let asked = mirror.asked();
    assert_eq!(
        asked,
        [format!("{place} from 0"), format!("{place} from {half}")]
    );
}

#[test]
fn a_mirror_that_stalls_is_left_for_the_next() {
    let honest = source();
    let (world, place) = world(&honest);
    let stalled = Mirror::new([(&place, honest.clone(), Manner::Stalls)]);
    let good = Mirror::new([(&place, honest, Manner::Honest)]);
    use_mirrors(&world, &[stalled.root(), good.root()]);
    let begun = Instant::now();
    world
        .run(&["fetch", "data"])
        .expect(0, &["Fetched 1 input"]);
    assert!(
        begun.elapsed() < Duration::from_mins(3),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!((!stalled.asked().is_empty(), good.asked().len()), (true, 1));
}
