//! Archives and compressed files.

use zwieback_explain::cause::Cause;
use zwieback_explain::certainty::Certainty;
use zwieback_model::variation::factor::Factor;

use crate::twin::{explained, find};

#[test]
fn member_times_of_a_static_library() {
    let script =
        "printf 'int x;' > one.c; gcc -c one.c; touch -d @$MADE one.o; ar Ucr $OUT/lib.a one.o";
    let Some(report) = explained(&["gcc", "ar"], script) else {
        return;
    };
    let found = find(&report, "lib.a!one.o");
    assert_eq!(
        (found.cause, &found.certainty),
        (Cause::MemberTime, &Certainty::Known)
    );
    assert_eq!(found.factors, [Factor::CreatedMtime]);
    assert!(found.fix.as_ref().unwrap().contains("ar D"));
}

#[test]
fn member_times_of_a_compressed_tarball() {
    let script = "mkdir d; echo hi > d/x; touch -d @$MADE d/x; touch -d @0 d; tar -cf - --owner=0 --group=0 d | gzip -n > $OUT/a.tgz";
    let Some(report) = explained(&["tar", "gzip"], script) else {
        return;
    };
    let found = find(&report, "a.tgz!a.tar!d/x");
    assert_eq!(
        (found.cause, found.detail.as_str()),
        (Cause::MemberTime, "member mtime")
    );
    assert_eq!(found.factors, [Factor::CreatedMtime]);
    assert_eq!(report.findings.len(), 1);
}

#[test]
fn the_owner_in_a_tarball() {
    let script = "echo hi > x; touch -d @0 x; [ $SIDE = a ] && id=1000 || id=1234; tar -cf $OUT/a.tar --owner=:$id --group=:0 x";
    let Some(report) = explained(&["tar"], script) else {
        return;
    };
    let found = find(&report, "a.tar!x");
    assert_eq!(
        (found.cause, &found.certainty),
        (Cause::MemberOwner, &Certainty::Known)
    );
    assert_eq!(
        (found.left.as_str(), found.right.as_str()),
        ("1000", "1234")
    );
}

#[test]
fn the_umask_in_a_tarball() {
    let script = "[ $SIDE = a ] && umask 022 || umask 002; echo hi > x; touch -d @0 x; tar -cf $OUT/a.tar --owner=0 --group=0 x";
    let Some(report) = explained(&["tar"], script) else {
        return;
    };
    let found = find(&report, "a.tar!x");
    assert_eq!(
        (found.cause, &found.certainty),
        (Cause::MemberMode, &Certainty::Known)
    );
    assert_eq!(
        (found.left.as_str(), found.right.as_str()),
        ("0644", "0664")
    );
}

#[test]
fn the_order_in_a_tarball() {
    let script = "for x in 1.c 2.c 3.c; do echo $x > $x; touch -d @0 $x; done; [ $SIDE = a ] && order='1.c 2.c 3.c' || order='3.c 2.c 1.c'; tar -cf $OUT/a.tar --owner=0 --group=0 $order";
    let Some(report) = explained(&["tar"], script) else {
        return;
    };
    let found = find(&report, "a.tar");
    assert_eq!(
        (found.cause, &found.certainty),
        (Cause::MemberOrder, &Certainty::OrderOnly)
    );
    assert_eq!(found.factors.first(), Some(&Factor::ReaddirOrder));
    assert!(found.fix.as_ref().unwrap().contains("--sort=name"));
}

#[test]
fn the_time_in_a_gzip_header() {
    let script = "echo hi > x; touch -d @$MADE x; gzip x; cp x.gz $OUT/x.gz";
    let Some(report) = explained(&["gzip"], script) else {
        return;
    };
    let found = find(&report, "x.gz");
    assert_eq!(
        (found.cause, found.offset),
        (Cause::CompressionTime, Some(4))
    );
    assert!(found.fix.as_ref().unwrap().contains("gzip -n"));
}

#[test]
fn one_content_at_two_levels() {
    let script = "seq 10000 > x; [ $SIDE = a ] && level=-1 || level=-9; gzip -n $level < x > $OUT/x.gz; zstd -q $level < x > $OUT/x.zst; bzip2 $level < x > $OUT/x.bz2; xz $level < x > $OUT/x.xz";
    let Some(report) = explained(&["gzip", "zstd", "bzip2", "xz"], script) else {
        return;
    };
    for name in ["x.gz", "x.zst", "x.bz2", "x.xz"] {
        assert_eq!(
            find(&report, name).cause,
            Cause::CompressionSettings,
            "{name}"
        );
    }
}

#[test]
fn a_date_inside_each_compressor() {
    let script = "date -u -d @$NOW > x; gzip -n < x > $OUT/x.gz; zstd -q < x > $OUT/x.zst; bzip2 < x > $OUT/x.bz2; xz < x > $OUT/x.xz";
    let Some(report) = explained(&["gzip", "zstd", "bzip2", "xz"], script) else {
        return;
    };
    for name in ["x.gz!x", "x.zst!x", "x.bz2!x", "x.xz!x"] {
        let found = find(&report, name);
        assert_eq!(
            (found.cause, &found.certainty),
            (Cause::DateInText, &Certainty::Known),
            "{name}"
        );
    }
}

#[test]
fn member_times_of_a_zip() {
    let script = "echo hi > x; touch -d @$MADE x; zip -q $OUT/a.zip x";
    let Some(report) = explained(&["zip"], script) else {
        return;
    };
    let found = find(&report, "a.zip!x");
    assert_eq!(
        (found.cause, &found.certainty),
        (Cause::MemberTime, &Certainty::Known)
    );
    assert!(found.fix.as_ref().unwrap().contains("zip -X"));
}

#[test]
fn member_times_of_a_jar() {
    let script = "echo hi > x; touch -d @$MADE x; jar cfM $OUT/a.jar x";
    let Some(report) = explained(&["jar"], script) else {
        return;
    };
    let found = find(&report, "a.jar!x");
    assert_eq!(found.cause, Cause::MemberTime);
    assert!(found.fix.as_ref().unwrap().contains("jar --date"));
}

#[test]
fn a_date_inside_a_debian_package() {
    let script = "mkdir -p d/DEBIAN d/usr/share/x; printf 'Package: x\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@example.org>\\nDescription: x\\n' > d/DEBIAN/control; date -u -d @$NOW +%Y-%m-%d > d/usr/share/x/date; SOURCE_DATE_EPOCH=0 dpkg-deb --root-owner-group -b d $OUT/x.deb";
    let Some(report) = explained(&["dpkg-deb"], script) else {
        return;
    };
    let found = find(&report, "./usr/share/x/date");
    assert_eq!(found.cause, Cause::DateInText, "{}", found.place());
    assert!(
        found.place().starts_with("x.deb!data.tar"),
        "{}",
        found.place()
    );
}

/// `cpio -H newc` as everybody could write it, since few machines have the tool.
const CPIO: &str = r"cat > cpio.py <<'END'
import os, sys
made, inode = int(os.environ['MADE']), {'a': 12, 'b': 77}[os.environ['SIDE']]
def member(name, content, numbers):
    inode, mode, made = numbers
    row = [inode, mode, 0, 0, 1, made, len(content), 0, 0, 0, 0, len(name) + 1, 0]
    head = b'070701' + b''.join(b'%08X' % number for number in row) + name + b'\0'
    pad = lambda it: it + bytes(-len(it) % 4)
    return pad(pad(head) + content)
with open(os.environ['OUT'] + '/initrd', 'wb') as file:
    file.write(member(b'etc/same', b'same', (5, 0o100644, 7)))
    file.write(member(b'bin/one', sys.argv[1].encode(), (inode, 0o100644, made)))
    file.write(member(b'TRAILER!!!', b'', (0, 0, 0)))
END
";

#[test]
fn times_and_inodes_in_an_initial_file_system() {
    let script = format!("{CPIO}python3 cpio.py one");
    let Some(report) = explained(&["python3"], &script) else {
        return;
    };
    let of = |cause| {
        report
            .findings
            .iter()
            .find(move |finding| finding.cause == cause)
    };
    let (time, inode) = (
        of(Cause::MemberTime).unwrap(),
        of(Cause::InodeNumber).unwrap(),
    );
    assert_eq!(time.place(), "initrd!bin/one");
    assert_eq!(
        (&time.certainty, time.factors.as_slice()),
        (&Certainty::Known, &[Factor::CreatedMtime][..])
    );
    assert_eq!(inode.place(), "initrd!bin/one");
    assert!(time.fix.as_ref().unwrap().contains("cpio --reproducible"));
    assert_eq!(report.findings.len(), 2);
}

#[test]
fn a_date_inside_an_initial_file_system() {
    let script = format!("{CPIO}MADE=7 SIDE=a python3 cpio.py \"$(date -u -d @$NOW)\"");
    let Some(report) = explained(&["python3"], &script) else {
        return;
    };
    let found = find(&report, "initrd!bin/one");
    assert_eq!(found.cause, Cause::DateInText);
    assert_eq!(report.findings.len(), 1);
}
