//! The dependency rule: kernel, then domain crates, then adapters and applications.

use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

const DOMAIN: &[&str] =
    &["musubi-booking", "musubi-catalog", "musubi-customer", "musubi-identity", "musubi-notification"];
const MACHINERY: &[&str] =
    &["tokio", "sqlx", "sea-query", "sea-query-sqlx", "axum", "hyper", "reqwest", "redis", "clap"];

/// What every package of the workspace depends on, tests and build left out.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let needed = package["dependencies"].as_array().expect("dependencies").iter();
            let needed = needed.filter(|needed| needed["kind"].is_null()).map(|needed| text(&needed["name"]));
            (text(&package["name"]), needed.collect())
        })
        .collect()
}

#[test]
fn dependencies_point_inwards() {
    let all = dependencies();
    let ours = |needed: &&String| needed.starts_with("musubi-");
    let kernel = &all["musubi-kernel"];
    assert_eq!(kernel.iter().filter(ours).count(), 0, "the kernel knows none of its users: {kernel:?}");
    for name in DOMAIN.iter().chain(&["musubi-kernel"]) {
        let needed = &all[*name];
        for machinery in MACHINERY {
            assert!(!needed.iter().any(|needed| needed == machinery), "{name} must not depend on {machinery}");
        }
    }
    for name in DOMAIN {
        let inner: Vec<_> = all[*name].iter().filter(ours).collect();
        assert_eq!(inner, ["musubi-kernel"], "{name} depends on the kernel alone");
    }
    for (name, needed) in &all {
        let app = |name: &str| ["musubi-api", "musubi-cli", "musubi-worker"].contains(&name);
        if !app(name) {
            let apps: Vec<_> = needed.iter().filter(|needed| app(needed)).collect();
            assert!(apps.is_empty(), "{name} depends on an application: {apps:?}");
        }
    }
}
