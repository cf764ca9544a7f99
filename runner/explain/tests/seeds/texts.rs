//! Text files.

use zwieback_explain::cause::Cause;
use zwieback_explain::finding::Certainty;
use zwieback_explain::knowledge::Factor;

use crate::twin::{explained, find};

#[track_caller]
fn expect(script: &str, cause: Cause, factor: Factor, certainty: &Certainty) {
    let Some(report) = explained(&["date"], script) else {
        return;
    };
    let found = find(&report, "x");
    assert_eq!(
        (found.cause, found.factors.first(), &found.certainty),
        (cause, Some(&factor), certainty),
        "{found:?}"
    );
    assert!(found.fix.is_some());
}

#[test]
fn dates_and_times() {
    for format in [
        "+%s",
        "+%F",
        "+%c",
        "+%D %T",
        "+%R:%S",
        "-R",
        "+%Y%m%d%H%M%S",
        "+%s%N",
        "+built %d %b %Y",
    ] {
        let script = format!("date -u -d @$NOW '{format}' > $OUT/x");
        expect(&script, Cause::DateInText, Factor::Clock, &Certainty::Known);
    }
    expect(
        "date -u -d @$NOW '+(c) %Y' > $OUT/x",
        Cause::YearInText,
        Factor::Clock,
        &Certainty::Known,
    );
}

#[test]
fn words_of_the_run() {
    expect(
        "echo hello from $SOME_HOST > $OUT/x",
        Cause::HostName,
        Factor::Hostname,
        &Certainty::Known,
    );
    expect(
        "echo prefix=$(pwd)/inst > $OUT/x",
        Cause::BuildPath,
        Factor::BuildPath,
        &Certainty::Known,
    );
    expect(
        "[ $SIDE = a ] && n=2 || n=1; echo make -j$n > $OUT/x",
        Cause::CpuCount,
        Factor::CpuCount,
        &Certainty::Known,
    );
}

#[test]
fn several_causes_in_one_line() {
    let script = "echo built on $SOME_HOST at $(date -u -d @$NOW) in $(pwd) > $OUT/x";
    let Some(report) = explained(&["date"], script) else {
        return;
    };
    let mut causes: Vec<_> = report
        .findings
        .iter()
        .map(|finding| finding.cause)
        .collect();
    causes.sort();
    assert_eq!(
        causes,
        [Cause::DateInText, Cause::BuildPath, Cause::HostName]
    );
    assert!(
        report
            .findings
            .iter()
            .all(|finding| finding.certainty == Certainty::Known)
    );
}

#[test]
fn orders() {
    let lines = "[ $SIDE = a ] && printf 'B\\na\\nc\\n' > $OUT/x || printf 'a\\nB\\nc\\n' > $OUT/x";
    expect(
        lines,
        Cause::LineOrder,
        Factor::Locale,
        &Certainty::OrderOnly,
    );
    let files = "[ $SIDE = a ] && printf '1.c\\n2.c\\n3.c\\n' > $OUT/x || printf '3.c\\n2.c\\n1.c\\n' > $OUT/x";
    expect(
        files,
        Cause::LineOrder,
        Factor::ReaddirOrder,
        &Certainty::OrderOnly,
    );
}

#[test]
fn a_set_of_python() {
    let script =
        "python3 -c 'print({\"alpha\",\"beta\",\"gamma\",\"delta\",\"epsilon\"})' > $OUT/x";
    let Some(report) = explained(&["python3"], script) else {
        return;
    };
    let found = find(&report, "x");
    assert_eq!(
        (found.cause, found.factors.first()),
        (Cause::WordOrder, Some(&Factor::HashSeed))
    );
}

#[test]
fn random_values() {
    let script = "cat /proc/sys/kernel/random/uuid > $OUT/x";
    expect(
        script,
        Cause::RandomValue,
        Factor::Entropy,
        &Certainty::Guess,
    );
    let script = "python3 -c 'print(object())' > $OUT/x";
    expect(script, Cause::Address, Factor::Aslr, &Certainty::Guess);
}

#[test]
fn nothing_known() {
    let Some(report) = explained(
        &["sh"],
        "[ $SIDE = a ] && echo red > $OUT/x || echo blue > $OUT/x",
    ) else {
        return;
    };
    let found = find(&report, "x");
    assert_eq!(
        (found.cause, &found.certainty),
        (Cause::Content, &Certainty::Unknown)
    );
    assert!(found.fix.is_none());
}
