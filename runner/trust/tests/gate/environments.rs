//! Environments that the two policies call by other names.

use zwieback_model::name::Name;
use zwieback_trust::policy::in_force::PolicyInForce;
use zwieback_trust::statement::policy_change::PolicyDocuments;

use crate::world::{World, documents};

#[test]
fn environments_are_called_the_same_in_both_policies() {
    let world = World::new();
    let right = documents(&world.keys, &str::to_owned, 2);
    let with = |builds: String| {
        let changed = PolicyDocuments {
            builds,
            ..right.clone()
        };
        PolicyInForce::recorded(&changed).unwrap()
    };
    assert!(with(right.builds.clone()).check_environments().is_ok());
    let prod: Name = "prod".parse().unwrap();
    let otherwise = right
        .builds
        .replace("[environment.prod]", "[environment.production]");
    let without = right.builds.replace("[environment.staging]\n", "");
    for (builds, missing) in [(otherwise, "production"), (without, "staging")] {
        let refusal = with(builds).check_environments().unwrap_err();
        assert_eq!(refusal.reason.code(), "release-policy-malformed");
        assert!(refusal.to_string().contains(missing), "{refusal}");
    }
    // One that is in force all the same does not fall back to rules for all.
    let otherwise = right
        .builds
        .replace("[environment.prod]", "[environment.production]");
    let policy = with(otherwise);
    let name = policy.build_environment(&prod);
    assert_eq!(name, Some(&prod));
    assert!(policy.builds.policy.rules(name).is_none());
    // Where no environment is named at all, the rules for all are meant for each.
    let (for_all, _) = right.builds.split_once("[environment").unwrap();
    let policy = with(for_all.to_owned());
    assert!(policy.check_environments().is_ok());
    assert_eq!(policy.build_environment(&prod), None);
}
