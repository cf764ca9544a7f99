//! A store on each file system that there is: what the provenance says of the toolchain's inodes is so, and where
//! two builds would have them in common, one runs at a time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::skip::{is_root, skip};
use zwieback_test_world::world::{STRANGER, World};

/// How the store comes to lie there: `$store` holds it, `$to` is where it is to be, `$layers` is in memory.
const AS_IT_IS: &str = "to=$store";
const IN_MEMORY: &str = "to=$layers/store; cp -a $store $to";
const OVERLAY: &str = "layer one $store; to=$layers/one";
/// A kernel lays no overlay over two (`FILESYSTEM_MAX_STACK_DEPTH`).
const OVERLAY_ON_OVERLAY: &str = "layer one $store; layer two $layers/one; to=$layers/two";

/// Lays an overlay over a store; who owns the store owns what is written over it.
const LAYER: &str = "layer() {
    mkdir $layers/$1 $layers/$1.upper $layers/$1.work
    chown --reference=$store $layers/$1.upper
    mount -t overlay -o lowerdir=$2,upperdir=$layers/$1.upper,workdir=$layers/$1.work none $layers/$1
}";

/// Who builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Root,
    Stranger,
}

impl Who {
    fn world(self) -> World {
        match self {
            Self::Root => World::new(site!(), Larder::Shell),
            Self::Stranger => World::of_stranger(site!(), Larder::Shell),
        }
    }

    fn prefix(self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Stranger => {
                format!("setpriv --reuid={STRANGER} --regid={STRANGER} --clear-groups ")
            }
        }
    }
}

/// Runs a script with the store moved to such a place, in a mount namespace of its own, where `$as` is who
/// builds, and whoever makes a file keeps it to themselves.
fn with_store(world: &World, who: Who, place: &str, script: &str) -> Outcome {
    let script = format!(
        "set -e; umask 077; store=$ZWIEBACK_STORE; layers=$(mktemp -d); chmod 755 $layers
         mount -t tmpfs -o mode=755 none $layers; {LAYER}
         {place}; stat -f -c 'store on %T' $to; export ZWIEBACK_STORE=$to; as='{}'
         status=0; ( {script} ) || status=$?
         umount -l $layers; rmdir $layers; exit $status",
        who.prefix()
    );
    let inside = world.command("true");
    let variables = inside.get_envs();
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--mount", "--propagation", "private"])
        .args(["bash", "-c", &script])
        .env_clear()
        .envs(variables.filter_map(|(name, value)| Some((name, value?))))
        .current_dir(world.project());
    unshare.output().unwrap().into()
}

/// What the provenance of a small build says of the inodes of runs A and B.
fn inodes(who: Who, place: &str) -> [String; 2] {
    let world = who.world();
    world.recipe("small", "echo small > $OUT/small");
    let script = "$as zwieback build small --export $HOME/out
         chmod -R go+rX $HOME/out";
    let built = with_store(&world, who, place, script);
    let kind = match place {
        IN_MEMORY => "store on tmpfs",
        OVERLAY | OVERLAY_ON_OVERLAY => "store on overlayfs",
        _ => "store on ",
    };
    built.expect(0, &["is reproducible", kind]);
    let query = ".dsseEnvelope.payload | @base64d | fromjson
        | .predicate.runDetails.byproducts[].annotations.enforcement // empty
        | [.A, .B][] | .\"private-inodes\" | .state + \": \" + .detail";
    let mut jq = Command::new("jq");
    jq.args(["-r", query])
        .arg(world.path("home/out/small-1.sigstore.json"));
    let said = jq.output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let said: Vec<String> = said.lines().map(str::to_owned).collect();
    said.try_into().expect("one line for each run")
}

fn with_root(test: &str) -> bool {
    let may_mount = is_root();
    if !may_mount {
        skip(test, "only root can mount file systems for others");
    }
    may_mount
}

fn all_say(who: Who, place: &str, expected: &str) {
    for said in inodes(who, place) {
        assert!(said.starts_with(expected), "{who:?}, {place}: {said}");
    }
}

#[test]
fn a_store_of_roots_gives_each_run_inodes_of_its_own() {
    if !with_root("a_store_of_roots_gives_each_run_inodes_of_its_own") {
        return;
    }
    for place in [AS_IT_IS, IN_MEMORY, OVERLAY] {
        let own = "enforced: toolchain through an overlay, device files of its own";
        all_say(Who::Root, place, own);
    }
    all_say(Who::Root, OVERLAY_ON_OVERLAY, "partial: shared-inodes: ");
}

#[test]
fn a_store_of_an_ordinary_user_does_so_but_for_device_files() {
    if !with_root("a_store_of_an_ordinary_user_does_so_but_for_device_files") {
        return;
    }
    for place in [AS_IT_IS, IN_MEMORY, OVERLAY] {
        let own = "partial: toolchain through an overlay, device files are the host's: ";
        all_say(Who::Stranger, place, own);
    }
    let shared = "partial: shared-inodes: ";
    all_say(Who::Stranger, OVERLAY_ON_OVERLAY, shared);
}

const WAITS: &str = "waiting for another build";

/// When the step of each build ran, by the clock of run A, and what was said.
fn side_by_side(who: Who, place: &str, script: &str) -> (Vec<[u64; 2]>, Outcome) {
    let world = who.world();
    let step = "begin=$(date +%s%N); sleep 2; echo span $begin $(date +%s%N)";
    for name in ["one", "other"] {
        world.recipe(name, &format!("{step}; echo x > $OUT/x"));
    }
    let said = with_store(&world, who, place, script).expect(0, &[]);
    let spans = said.stderr.lines().chain(said.stdout.lines());
    let spans = spans.filter_map(|line| {
        let (_, numbers) = line.split_once("span ")?;
        let mut numbers = numbers.split(' ').map(|number| number.trim().parse().ok());
        Some([numbers.next()??, numbers.next()??])
    });
    let mut spans: Vec<[u64; 2]> = spans.collect();
    spans.sort_unstable();
    assert_eq!(spans.len(), 2, "{said}");
    (spans, said)
}

const TWO_PROGRAMS: &str = "$as zwieback build one --once -L & first=$!
         $as zwieback build other --once -L; wait $first";
const TWO_RECIPES: &str = "$as zwieback build one other --once -L";

#[test]
fn builds_that_would_share_inodes_wait_for_each_other() {
    if !with_root("builds_that_would_share_inodes_wait_for_each_other") {
        return;
    }
    for (who, script) in [(Who::Root, TWO_PROGRAMS), (Who::Stranger, TWO_RECIPES)] {
        let (spans, said) = side_by_side(who, OVERLAY_ON_OVERLAY, script);
        assert!(said.stderr.contains(WAITS), "{said}");
        let [[_, ended], [began, _]] = spans[..] else {
            panic!("two spans");
        };
        assert!(ended <= began, "{who:?}: {said}");
    }
}

#[test]
fn builds_with_inodes_of_their_own_do_not_wait() {
    if !with_root("builds_with_inodes_of_their_own_do_not_wait") {
        return;
    }
    let (_, said) = side_by_side(Who::Stranger, AS_IT_IS, TWO_PROGRAMS);
    assert!(!said.stderr.contains(WAITS), "{said}");
}

#[test]
fn the_doctor_looks_where_the_store_lies() {
    if !with_root("the_doctor_looks_where_the_store_lies") {
        return;
    }
    for who in [Who::Root, Who::Stranger] {
        let world = who.world();
        let doctor = |place| with_store(&world, who, place, "$as zwieback doctor");
        let told = ["shared-inodes: ", "one build at a time", "ZWIEBACK_STORE="];
        doctor(OVERLAY_ON_OVERLAY).expect(0, &told);
        let well = doctor(OVERLAY).expect(0, &["toolchain through an overlay"]);
        assert!(!well.stdout.contains("ZWIEBACK_STORE="), "{well}");
    }
}

#[test]
fn a_build_that_waits_for_another_can_be_interrupted() {
    if !with_root("a_build_that_waits_for_another_can_be_interrupted") {
        return;
    }
    let world = Who::Root.world();
    world.recipe("small", "echo small > $OUT/small");
    let held = "exec 9>> $to/alone.lock; flock 9;
         timeout --preserve-status -s INT 5 zwieback build small --once 9>&-";
    with_store(&world, Who::Root, OVERLAY_ON_OVERLAY, held).expect(130, &[WAITS]);
    with_store(&world, Who::Root, OVERLAY, held).expect(0, &[]);
}
