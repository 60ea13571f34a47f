//! What the tests need from the machine, and how it gets there.
//!
//! On Debian and Ubuntu missing programs are installed with apt, as root or through sudo; nothing is started or enabled, since
//! the tests start their own. Elsewhere the missing ones are named, and the exit code says so.

use std::path::PathBuf;

use anyhow::{Result, bail};
use hgpixel_testkit::find_program;

use crate::shell::{cargo, command, root, run, succeeds};

/// A need is met by any one of its programs.
struct Need {
    programs: &'static [&'static str],
    debian: &'static str,
    ubuntu: &'static str,
}

const fn need(programs: &'static [&'static str], debian: &'static str) -> Need {
    Need {
        programs,
        debian,
        ubuntu: debian,
    }
}

const NEEDS: &[Need] = &[
    need(&["postgres"], "postgresql"),
    need(&["initdb"], "postgresql"),
    need(&["psql"], "postgresql-client"),
    need(&["redis-server"], "redis-server"),
    need(&["rabbitmq-server"], "rabbitmq-server"),
    need(&["epmd"], "erlang-base"),
    need(&["openssl"], "openssl"),
    need(&["haproxy"], "haproxy"),
    need(&["prometheus"], "prometheus"),
    need(&["promtool"], "prometheus"),
    Need {
        programs: hgpixel_testkit::BROWSERS,
        debian: "chromium",
        ubuntu: "chromium-browser",
    },
    Need {
        programs: &["chromedriver"],
        debian: "chromium-driver",
        ubuntu: "chromium-chromedriver",
    },
    need(&["node"], "nodejs"),
    need(&["npm"], "npm"),
    need(&["python3"], "python3-venv"),
    need(&["systemd-analyze"], "systemd"),
    need(&["dpkg-deb"], "dpkg"),
];

/// A tool from crates.io, pinned: a new version must not change what CI says on its own.
struct Tool {
    name: &'static str,
    subcommand: &'static str,
    version: &'static str,
}

const NEXTEST: Tool = Tool {
    name: "cargo-nextest",
    subcommand: "nextest",
    version: "0.9.143",
};
const DENY: Tool = Tool {
    name: "cargo-deny",
    subcommand: "deny",
    version: "0.20.2",
};
const DEB: Tool = Tool {
    name: "cargo-deb",
    subcommand: "deb",
    version: "3.8.0",
};

/// Of Kubernetes 1.37.
const KUBERNETES_VALIDATE: &str = "kubernetes-validate==1.37.0";

/// `cargo xtask setup`
pub(crate) fn everything() -> Result<()> {
    programs()?;
    axe()?;
    nextest()?;
    deny()?;
    deb()?;
    kubernetes_validate()?;
    eprintln!("everything that the tests need is here");
    Ok(())
}

/// Servers, browser, Node.
pub(crate) fn programs() -> Result<()> {
    if missing().is_empty() {
        return Ok(());
    }
    if succeeds(&mut command("apt-get", &["--version"])) {
        install_with_apt()?;
    }
    let still: Vec<String> = missing()
        .iter()
        .map(|need| need.programs.join(" or "))
        .collect();
    if !still.is_empty() {
        bail!(
            "missing: {}. Install them with your system's package manager (on Debian 12: {})",
            still.join(", "),
            packages(&missing(), false).join(" ")
        );
    }
    Ok(())
}

/// The checker of accessibility that the browser tests run in the dashboard, from the lock file of the pages.
pub(crate) fn axe() -> Result<()> {
    let pages = root().join("crates/query/ui");
    if pages.join("node_modules/axe-core").exists() {
        return Ok(());
    }
    run(command("npm", &["ci", "--no-audit", "--no-fund"]).current_dir(pages))
}

/// The test runner. It is taken as it is when some version is installed.
pub(crate) fn nextest() -> Result<()> {
    tool(&NEXTEST)
}

/// The checker of licences and sources.
pub(crate) fn deny() -> Result<()> {
    tool(&DENY)
}

/// The maker of Debian packages.
pub(crate) fn deb() -> Result<()> {
    tool(&DEB)
}

/// The program that compares resources with the published schemas of Kubernetes, which it carries. It is a package of Python's, and lies
/// in the target folder.
pub(crate) fn kubernetes_validate() -> Result<PathBuf> {
    let folder = root().join("target/kubernetes-validate");
    let program = folder.join("bin/kubernetes-validate");
    if !succeeds(&mut command(&program, &["--version"])) {
        run(command("python3", &["-m", "venv", "--clear"]).arg(&folder))?;
        run(&mut command(
            folder.join("bin/pip"),
            &[
                "install",
                "--quiet",
                "--disable-pip-version-check",
                KUBERNETES_VALIDATE,
            ],
        ))?;
    }
    Ok(program)
}

fn missing() -> Vec<&'static Need> {
    NEEDS
        .iter()
        .filter(|need| {
            !need
                .programs
                .iter()
                .any(|program| find_program(program).is_ok())
        })
        .collect()
}

fn packages(needs: &[&Need], ubuntu: bool) -> Vec<&'static str> {
    let mut names: Vec<&str> = needs
        .iter()
        .map(|need| if ubuntu { need.ubuntu } else { need.debian })
        .collect();
    names.dedup();
    names
}

fn install_with_apt() -> Result<()> {
    let ubuntu = std::fs::read_to_string("/etc/os-release")
        .is_ok_and(|text| text.lines().any(|line| line == "ID=ubuntu"));
    let packages = packages(&missing(), ubuntu);
    eprintln!("installing with apt: {}", packages.join(" "));
    // An old list may still do, so a failure of the update alone is not the end.
    if run(&mut as_root(&["apt-get", "update"])).is_err() {
        eprintln!("the package lists could not be refreshed; trying with those that are here");
    }
    run(as_root(&["apt-get", "install", "--yes", "--no-install-recommends"]).args(packages))
}

/// `RUNLEVEL=1` tells the packages' scripts that this is no time to start services.
fn as_root(arguments: &[&str]) -> std::process::Command {
    let settings = ["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"];
    let root = crate::shell::output(&mut command("id", &["-u"])).is_ok_and(|id| id.trim() == "0");
    let mut all: Vec<&str> = if root { vec![] } else { vec!["sudo"] };
    all.extend(settings);
    all.extend(arguments);
    let mut command = command(all[0], &all[1..]);
    command.stdin(std::process::Stdio::null());
    command
}

/// A debug build: these tools run for seconds, their optimised build takes minutes.
fn tool(tool: &Tool) -> Result<()> {
    if succeeds(&mut cargo(&format!("{} --version", tool.subcommand))) {
        return Ok(());
    }
    let Tool { name, version, .. } = tool;
    eprintln!("{name} is missing; building it takes some minutes, once");
    run(&mut cargo(&format!(
        "install --locked --debug {name}@{version}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_once() {
        let both: Vec<&Need> = NEEDS
            .iter()
            .filter(|need| need.debian == "postgresql")
            .collect();
        assert_eq!(both.len(), 2);
        assert_eq!(packages(&both, false), ["postgresql"]);
    }
}
