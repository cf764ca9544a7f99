//! Text files.

use zwieback_explain::cause::Cause;
use zwieback_explain::certainty::Certainty;
use zwieback_model::variation::factor::Factor;

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

#[test]
fn numbers_of_the_run() {
    let path = "pwd | tr -d '\n' | wc -c > $OUT/x";
    expect(path, Cause::BuildPath, Factor::BuildPath, &Certainty::Known);
    let pid = "[ $SIDE = a ] && echo pid 117 > $OUT/x || echo pid 7790 > $OUT/x";
    expect(pid, Cause::ProcessId, Factor::Pids, &Certainty::Known);
    let seconds = "[ $SIDE = a ] && echo took 0.118 s > $OUT/x || echo took 0.121 s > $OUT/x";
    let masked = Certainty::Normaliser("mask-numbers".to_owned());
    expect(seconds, Cause::Measurement, Factor::Scheduling, &masked);
}

#[test]
fn a_moment_in_the_local_zone() {
    let script =
        "[ $SIDE = a ] && export TZ=UTC || export TZ=XXX-14; date -d @1700000000 +'%F %T' > $OUT/x";
    expect(script, Cause::Timezone, Factor::Timezone, &Certainty::Known);
}

#[test]
fn the_time_of_a_source() {
    let script = "[ $SIDE = a ] && echo 1600000000 > $OUT/x || echo 1600500000 > $OUT/x";
    expect(
        script,
        Cause::SourceTime,
        Factor::SourceMtime,
        &Certainty::Known,
    );
}

#[test]
fn a_date_in_the_name_of_an_output() {
    let script = "echo hi > $OUT/app-$(date -u -d @$NOW +%Y%m%d).txt";
    let Some(report) = explained(&["date"], script) else {
        return;
    };
    assert_eq!(report.findings.len(), 1, "{report:#?}");
    let found = &report.findings[0];
    assert_eq!(
        (found.cause, found.detail.as_str()),
        (Cause::DateInText, "name")
    );
}

#[test]
fn the_environment() {
    let script = "env | LC_ALL=C sort | grep -v -e OLDPWD -e _= -e ^SIDE > $OUT/x";
    let Some(report) = explained(&["env"], script) else {
        return;
    };
    let causes: Vec<_> = report
        .findings
        .iter()
        .map(|finding| finding.cause)
        .collect();
    assert!(
        causes.contains(&Cause::HostName) && causes.contains(&Cause::Environment),
        "{report:#?}"
    );
}

#[test]
fn a_number_that_is_no_time() {
    let script = "[ $SIDE = a ] && echo 1234567890 > $OUT/x || echo 1334567890 > $OUT/x";
    let masked = Certainty::Normaliser("mask-numbers".to_owned());
    expect(script, Cause::Measurement, Factor::Scheduling, &masked);
}
