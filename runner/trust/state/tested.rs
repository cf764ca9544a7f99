//! How tests ended. A success counts unless a failure is known that it does not come after: neither by what
//! the log held when it was made, nor by its time. So an old success that was kept back changes nothing.

use zwieback_model::digest::Digest;
use zwieback_model::name::Name;

use super::folded::State;
use super::record::{Entered, TestRecord};
use crate::reason::{Reason, Refusal};
use crate::statement::said::Signed;
use crate::statement::test_result::{TestReport, TestResult};

/// What became of the tests of an artifact, for those who ask one role for them.
#[derive(Clone, Debug, Default)]
pub struct Tests {
    /// The entry of a success that counts.
    pub passed: Option<u64>,
    /// The newest failure.
    pub failed: Option<u64>,
    /// What does not count.
    pub set_aside: Vec<(u64, Refusal)>,
}

impl State {
    /// The tests of an artifact, by people of a role.
    pub fn tests(&self, artifact: Digest, role: &Name) -> Tests {
        let mut tests = Tests::default();
        let all = self
            .artifact(artifact)
            .map_or(&[][..], |record| &record.tests);
        for test in all {
            match self.check_test(test, role, all) {
                Err(why) => tests.set_aside.push((test.index, why)),
                Ok(()) if test.what.result == TestResult::Failed => tests.failed = Some(test.index),
                Ok(()) => tests.passed = Some(test.index),
            }
        }
        tests
    }

    pub(super) fn tested(
        &mut self,
        signed: &Signed,
        word: &Entered<&TestReport>,
    ) -> Result<String, Refusal> {
        let (index, report) = (word.index, word.what);
        if report.size > index {
            let saw = format!("entry {index} comes after {} entries", report.size);
            return Err(Refusal::new(Reason::StatementMalformed, saw));
        }
        let test = word.with(TestRecord {
            result: report.result,
            issued: report.issued(),
            size: report.size,
        });
        let all = self.artifacts.get(&signed.subject);
        let all = all.map_or(&[][..], |record| &record.tests);
        // What is for nobody any more is refused.
        let policy = &self.policy()?.release;
        let roles = policy.test_roles().into_iter();
        let roles = roles.filter(|role| policy.has_role(word.key, role));
        let verdicts = roles.map(|role| self.check_test(&test, role, all));
        let verdicts: Vec<Result<(), Refusal>> = verdicts.collect();
        if !verdicts.iter().any(Result::is_ok) {
            verdicts.into_iter().collect::<Result<(), _>>()?;
        }
        let said = report.result.word().to_owned();
        self.record(signed).tests.push(test);
        Ok(said)
    }

    /// A failure counts until someone passes the tests after it, whatever becomes of its key and of its
    /// signer's role. It was recorded as the word of someone who had the role that was asked for tests
    /// then: a policy knows one ([`crate::policy::release_policy`] lets a later environment ask no other), so
    /// that another one now is the same under another name, or takes its place.
    fn check_test(
        &self,
        test: &Entered<TestRecord>,
        role: &Name,
        all: &[Entered<TestRecord>],
    ) -> Result<(), Refusal> {
        let is_failure = |test: &TestRecord| test.result == TestResult::Failed;
        if is_failure(&test.what) {
            return Ok(());
        }
        let person = self.speaker(test)?;
        self.check_role(person, role)?;
        let mut failures = all.iter().filter(|test| is_failure(&test.what));
        match failures.find(|failed| !is_after(&test.what, failed)) {
            Some(failed) => {
                let saw = format!("entry {} says failed", failed.index);
                Err(Refusal::new(Reason::StatementSuperseded, saw))
            }
            None => Ok(()),
        }
    }
}

/// Whether a success was made with a failure known, and not before it by the clocks of those who say so.
fn is_after(passed: &TestRecord, failed: &Entered<TestRecord>) -> bool {
    let earlier = failed.what.issued.zip(passed.issued);
    passed.size > failed.index && earlier.is_none_or(|(failed, passed)| passed >= failed)
}
