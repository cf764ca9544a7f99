//! Programs, libraries and bytecode.

use zwieback_explain::cause::Cause;
use zwieback_explain::certainty::Certainty;
use zwieback_model::variation::factor::Factor;

use crate::twin::{explained, find};

#[test]
fn the_date_macro() {
    let script = "echo '#include <stdio.h>\nint main(void){puts(__DATE__ \" \" __TIME__);}' > x.c; SOURCE_DATE_EPOCH=$NOW gcc x.c -o $OUT/x";
    let Some(report) = explained(&["gcc"], script) else {
        return;
    };
    let found = &report.findings[0];
    assert_eq!(
        (found.cause, &found.certainty),
        (Cause::DateMacro, &Certainty::Known),
        "{report:#?}"
    );
    assert!(found.detail.contains(".rodata"));
    assert_eq!(
        report
            .findings
            .iter()
            .filter(|finding| !finding.cause.is_consequence())
            .count(),
        1,
        "{report:#?}"
    );
}

#[test]
fn the_build_path_in_debug_information() {
    for (format, output) in [
        ("-gdwarf-5", "x.o"),
        ("-gdwarf-4", "x.o"),
        ("-gdwarf-5", "x"),
        ("-gdwarf-4", "x"),
    ] {
        let compile = if output == "x" { "" } else { "-c" };
        let script = format!(
            "echo 'int main(void){{return 0;}}' > x.c; gcc -g {format} {compile} x.c -o $OUT/{output}"
        );
        let Some(report) = explained(&["gcc"], &script) else {
            return;
        };
        let found = &report.findings[0];
        assert_eq!(
            (found.cause, &found.certainty),
            (Cause::DebugPath, &Certainty::Known),
            "{report:#?}"
        );
        assert!(
            found.detail.contains("DW_AT_comp_dir"),
            "{format} {output}: {report:#?}"
        );
        assert!(found.fix.as_ref().unwrap().contains("-ffile-prefix-map"));
        let others = report.findings[1..]
            .iter()
            .filter(|finding| !finding.cause.is_consequence());
        assert_eq!(others.count(), 0, "{report:#?}");
    }
}

#[test]
fn the_build_path_by_a_macro() {
    let script = "echo '#include <stdio.h>\nint main(void){puts(__FILE__);}' > x.c; gcc $(pwd)/x.c -o $OUT/x";
    let Some(report) = explained(&["gcc"], script) else {
        return;
    };
    assert_eq!(report.findings[0].cause, Cause::FileMacro, "{report:#?}");
}

#[test]
fn a_path_in_the_object_of_an_archive() {
    let script = "echo 'int x;' > x.c; gcc -g -c x.c; ar Dcr $OUT/lib.a x.o";
    let Some(report) = explained(&["gcc", "ar"], script) else {
        return;
    };
    let found = find(&report, "lib.a!x.o");
    assert_eq!(found.cause, Cause::DebugPath);
}

#[test]
fn objects_linked_in_another_order() {
    let script = "for n in 1 2 3; do echo \"int f$n(void){return $n;}\" > $n.c; gcc -c $n.c; done; echo 'int main(void){return 0;}' > m.c; [ $SIDE = a ] && order='1.o 2.o 3.o' || order='3.o 1.o 2.o'; gcc m.c $order -o $OUT/x";
    let Some(report) = explained(&["gcc"], script) else {
        return;
    };
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.cause == Cause::SymbolOrder),
        "{report:#?}"
    );
}

#[test]
fn instructions_of_one_cpu() {
    let script = "echo 'void f(float*a,float*b){for(int i=0;i<4096;i++)a[i]=a[i]*b[i]+1;}' > x.c; [ $SIDE = a ] && cpu=skylake-avx512 || cpu=goldmont; gcc -O3 -march=$cpu -c x.c -o $OUT/x.o";
    let Some(report) = explained(&["gcc"], script) else {
        return;
    };
    assert_eq!(report.findings[0].cause, Cause::MachineCode, "{report:#?}");
    assert_eq!(report.findings[0].factors, [Factor::CpuFeatures]);
}

#[test]
fn a_time_in_a_variable() {
    let script = "echo \"long built = $NOW; int f(void){return 0;}\" > x.c; gcc -c x.c -o $OUT/x.o";
    let Some(report) = explained(&["gcc"], script) else {
        return;
    };
    let found = &report.findings[0];
    assert_eq!(
        (found.cause, &found.certainty),
        (Cause::TimeInBinary, &Certainty::Known),
        "{report:#?}"
    );
    assert!(found.detail.contains("symbol built"), "{found:?}");
}

#[test]
fn python_bytecode() {
    let script = "echo 'x = 1' > m.py; touch -d @$MADE m.py; python3 -c 'import py_compile; py_compile.compile(\"m.py\", cfile=\"m.pyc\")'; cp m.pyc $OUT";
    let Some(report) = explained(&["python3"], script) else {
        return;
    };
    let found = find(&report, "m.pyc");
    assert_eq!(
        (found.cause, found.detail.as_str()),
        (Cause::BytecodeTime, "source mtime")
    );
    assert_eq!(report.findings.len(), 1, "{report:#?}");
}

#[test]
fn the_path_in_bytecode() {
    let script = "echo 'x = 1' > m.py; touch -d @0 m.py; python3 -c 'import py_compile, os; py_compile.compile(os.path.abspath(\"m.py\"), cfile=\"m.pyc\")'; cp m.pyc $OUT";
    let Some(report) = explained(&["python3"], script) else {
        return;
    };
    assert_eq!(find(&report, "m.pyc").cause, Cause::BuildPath);
}

#[test]
fn the_random_names_of_link_time_optimisation() {
    let script =
        "printf 'static int z; int f(int x){return x+z;}' > x.c; gcc -flto -c x.c -o $OUT/x.o";
    let Some(report) = explained(&["gcc"], script) else {
        return;
    };
    let found = &report.findings[0];
    assert_eq!(found.cause, Cause::RandomValue, "{report:#?}");
    assert!(found.fix.as_ref().unwrap().contains("-frandom-seed"));
}
