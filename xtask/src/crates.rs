//! The arrows between the crates: what `ARCHITECTURE.md` says is what `cargo metadata` finds.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::shell::{cargo, output, root};

type Arrows = BTreeMap<String, BTreeSet<String>>;

/// Outside the table: this tool, and the tests of the whole system.
const TOOLS: [&str; 2] = ["xtask", "tests"];

/// In the table, but for tests only: even a crate that may use `all` must not depend on it otherwise.
const FOR_TESTS_ONLY: &str = "testkit";

#[test]
fn the_table_in_architecture_md_is_true() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let allowed = table(&text).unwrap();
    let found = crates().unwrap();
    let named: BTreeSet<_> = allowed.keys().collect();
    let existing: BTreeSet<_> = found
        .keys()
        .filter(|name| !TOOLS.contains(&name.as_str()))
        .collect();
    assert_eq!(named, existing, "the table names the crates that exist");
    assert_eq!(forbidden(&found, &allowed), Vec::<String>::new());
}

#[test]
fn a_forbidden_arrow_is_found() {
    let text = "| crate | what | may use |\n| --- | --- | --- |\n| `event` | Nouns, with a \\| bar. | - |\n| `store` | Keeps. | `event`, `config` |\n| `config` | Settings. | - |\n| `hgpixel` | All. | all |\n| `testkit` | Servers. | - |\n";
    let allowed = table(text).unwrap();
    assert_eq!(
        allowed["hgpixel"],
        BTreeSet::from(["event", "store", "config", "hgpixel"].map(String::from))
    );
    let found =
        |from: &str, to: &str| Arrows::from([(from.to_owned(), BTreeSet::from([to.to_owned()]))]);
    assert!(forbidden(&found("store", "event"), &allowed).is_empty());
    assert!(forbidden(&found("xtask", "testkit"), &allowed).is_empty());
    assert_eq!(
        forbidden(&found("event", "store"), &allowed),
        ["event uses store"]
    );
    assert_eq!(
        forbidden(&found("hgpixel", "testkit"), &allowed),
        ["hgpixel uses testkit"]
    );
}

#[test]
fn a_text_without_the_table_is_an_error() {
    assert!(table("| a | b |\n| --- | --- |\n| `x` | y |\n").is_err());
}

/// "from uses to", for every arrow that the table does not allow.
fn forbidden(found: &Arrows, allowed: &Arrows) -> Vec<String> {
    let judged = found
        .iter()
        .filter(|(from, _)| !TOOLS.contains(&from.as_str()));
    let arrows = judged.flat_map(|(from, uses)| uses.iter().map(move |to| (from, to)));
    let bad =
        arrows.filter(|(from, to)| !allowed.get(*from).is_some_and(|uses| uses.contains(*to)));
    bad.map(|(from, to)| format!("{from} uses {to}")).collect()
}

/// The crates of the workspace by short name, and those of them that each uses outside of its tests.
fn crates() -> Result<Arrows> {
    let metadata: Value = serde_json::from_str(&output(&mut cargo(
        "metadata --no-deps --format-version=1",
    ))?)?;
    let packages = metadata["packages"]
        .as_array()
        .context("metadata without packages")?;
    let named = packages
        .iter()
        .map(|package| (short(&package["name"]), uses(package)));
    Ok(named.collect())
}

fn uses(package: &Value) -> BTreeSet<String> {
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    // A dependency of our own has a path; the kind of a normal one is null, of a build script's "build".
    let ours = dependencies.filter(|each| each["path"].is_string() && each["kind"] != "dev");
    ours.map(|each| short(&each["name"])).collect()
}

fn short(name: &Value) -> String {
    let name = name.as_str().unwrap_or_default();
    name.strip_prefix("hgpixel-").unwrap_or(name).to_owned()
}

/// Reads the rows below a heading `| crate | … | may use |`: the first cell is a name, the last its allowance.
fn table(text: &str) -> Result<Arrows> {
    let heading =
        |line: &&str| line.starts_with("| crate ") && line.trim_end().ends_with("| may use |");
    let rows = text
        .lines()
        .skip_while(|line| !heading(line))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let rows: Vec<(String, &str)> = rows.filter_map(row).collect();
    ensure!(
        !rows.is_empty(),
        "no table with the heading `| crate | … | may use |`"
    );
    let all: BTreeSet<String> = rows
        .iter()
        .map(|(name, _)| name.clone())
        .filter(|name| name != FOR_TESTS_ONLY)
        .collect();
    Ok(rows
        .iter()
        .map(|(name, uses)| {
            (
                name.clone(),
                if *uses == "all" {
                    all.clone()
                } else {
                    quoted(uses).collect()
                },
            )
        })
        .collect())
}

fn row(line: &str) -> Option<(String, &str)> {
    let cells = line.trim().trim_matches('|');
    let name = quoted(cells.split('|').next()?).next()?;
    Some((name, cells.rsplit('|').next()?.trim()))
}

fn quoted(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}
