//! A key in SoftHSM signs; it is skipped, with the reason, where SoftHSM or `OpenSC` is not there.

use std::path::Path;
use std::process::{Command, Stdio};

use zwieback_test_world::skip::skip;

use super::*;

const MODULES: &[&str] = &[
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
];

/// A token in a folder of its own.
fn token(folder: &Path) -> Option<&'static str> {
    let module = MODULES.iter().find(|path| Path::new(path).exists());
    let Some(module) = module else {
        skip("pkcs11", "there is no SoftHSM (package softhsm2)");
        return None;
    };
    if Command::new(TOOL)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_err()
    {
        skip("pkcs11", "there is no pkcs11-tool (package opensc)");
        return None;
    }
    std::fs::create_dir(folder.join("tokens")).unwrap();
    let tokens = folder.join("tokens");
    let text = format!("directories.tokendir = {}\n", tokens.display());
    std::fs::write(folder.join("conf"), text).unwrap();
    Some(module)
}

fn run(folder: &Path, program: &str, arguments: &[&str]) {
    let output = Command::new(program)
        .args(arguments)
        .env("SOFTHSM2_CONF", folder.join("conf"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {output:?}"
    );
}

fn generate(folder: &Path, module: &str, id: &str, label: &str) {
    let key = [
        "--keypairgen",
        "--key-type",
        "EC:prime256v1",
        "--id",
        id,
        "--label",
        label,
    ];
    let login = [
        "--module",
        module,
        "--token-label",
        "zw",
        "--login",
        "--pin",
        "1234",
    ];
    run(folder, TOOL, &[&login[..], &key[..]].concat());
}

#[test]
fn a_token_signs_and_is_rotated() {
    let folder = tempfile::tempdir().unwrap();
    let Some(module) = token(folder.path()) else {
        return;
    };
    let init = [
        "--init-token",
        "--free",
        "--label",
        "zw",
        "--pin",
        "1234",
        "--so-pin",
        "5678",
    ];
    run(folder.path(), "softhsm2-util", &init);
    generate(folder.path(), module, "01", "old");
    generate(folder.path(), module, "02", "new");
    std::fs::write(folder.path().join("pin"), "1234\n").unwrap();
    let pin = folder.path().join("pin").display().to_string();
    let open = |object: &str| {
        let uri = format!("pkcs11:token=zw;{object}?module-path={module}&pin-source=file:{pin}");
        let conf = folder.path().join("conf");
        let environment = vec![("SOFTHSM2_CONF".into(), conf.into())];
        Pkcs11Signer::open(uri.parse().unwrap(), environment)
    };
    let absent = open("object=none").unwrap_err();
    assert!(matches!(absent, Pkcs11Error::Label { found: 0, .. }));
    let (old, new) = (open("object=old").unwrap(), open("id=%02").unwrap());
    assert_ne!(old.public_key().id(), new.public_key().id());
    for signer in [&old, &new] {
        let signature = signer.sign(b"message").unwrap();
        assert_eq!(signer.public_key().confirm(b"message", &signature), Ok(()));
    }
}
