//! Resources of other projects (KEDA, the Prometheus operator, the operator of PostgreSQL clusters) against their published definitions.
//!
//! These are to be had as TypeScript (`@kubernetes-models`, made of the projects' own CRDs). So each resource is written down as a value of
//! its type, and the compiler says what is unknown, missing, or of another type. It does not look at ranges and patterns.
//!
//! RabbitMQ's operator has no such package: its one resource is not checked.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell::{command, root, run};

/// Of which package each group of resources is.
const PACKAGES: [(&str, &str); 3] = [
    ("keda.sh", "keda"),
    ("monitoring.coreos.com", "prometheus-operator"),
    ("postgresql.cnpg.io", "cloudnative-pg"),
];

/// Where the packages are.
const FOLDER: &str = "xtask/kubernetes";

/// Fails at resources that are not as their definitions say; `documents` of other groups are left to others.
pub(super) fn check(documents: &[Value]) -> Result<()> {
    let folder = root().join(FOLDER);
    if !folder.join("node_modules/typescript").exists() {
        run(command("npm", &["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    }
    let file = folder.join("resources.ts");
    std::fs::write(&file, typed(documents)?)
        .with_context(|| format!("write {}", file.display()))?;
    // `resources.ts` as its errors name it, a line a resource.
    run(command(
        "npx",
        &[
            "tsc",
            "--noEmit",
            "--strict",
            "--skipLibCheck",
            "--module",
            "nodenext",
            "resources.ts",
        ],
    )
    .current_dir(&folder))
}

/// Each resource as a value of its type.
fn typed(documents: &[Value]) -> Result<String> {
    let mut text = String::new();
    for (number, document) in documents.iter().enumerate() {
        let version = document["apiVersion"].as_str().context("apiVersion")?;
        let kind = document["kind"].as_str().context("kind")?;
        let group = version.split('/').next();
        let Some((_, package)) = PACKAGES.iter().find(|(known, _)| group == Some(known)) else {
            continue;
        };
        writeln!(
            text,
            "import type {{ I{kind} as Type{number} }} from \"@kubernetes-models/{package}/{version}/{kind}\"; \
             export const resource{number}: Type{number} = {document};"
        )?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_resource_is_a_value_of_its_type() {
        let scaled = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject"});
        let ours = json!({"apiVersion": "v1", "kind": "Service"});
        assert_eq!(
            typed(&[ours, scaled]).unwrap(),
            "import type { IScaledObject as Type1 } from \"@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject\"; \
             export const resource1: Type1 = {\"apiVersion\":\"keda.sh/v1alpha1\",\"kind\":\"ScaledObject\"};\n"
        );
        assert!(typed(&[json!({})]).is_err());
    }
}
