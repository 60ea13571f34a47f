//! The Debian package and its services: made of the program that the tests run, taken apart, and read by systemd.
//!
//! Not here: installing it, which needs a machine with systemd that may be thrown away.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use hgpixel_testkit::find_program;
use tempfile::TempDir;

use crate::shell::{cargo, command, output, root};
use crate::test::binary;

/// What `systemd-analyze security` may say at most, in tenths, of 100.
const EXPOSURE_MAX: &str = "12";

/// Everything in the package, but for folders.
const CONTENTS: [&str; 14] = [
    "etc/hgpixel/hgpixel.toml",
    "usr/bin/hgpixel",
    "usr/lib/systemd/system/hgpixel.service",
    "usr/lib/systemd/system/hgpixel@.service",
    "usr/lib/sysusers.d/hgpixel.conf",
    "usr/share/doc/hgpixel/README.md",
    "usr/share/doc/hgpixel/backup.md",
    "usr/share/doc/hgpixel/changelog.Debian.gz",
    "usr/share/doc/hgpixel/changelog.gz",
    "usr/share/doc/hgpixel/copyright",
    "usr/share/doc/hgpixel/default.toml",
    "usr/share/doc/hgpixel/install.md",
    "usr/share/doc/hgpixel/licences-of-pages.txt",
    "usr/share/doc/hgpixel/wire.md",
];

#[test]
fn the_debian_package_is_complete_and_its_services_are_valid() {
    let package = Package::make().unwrap();
    assert_eq!(
        package.contents().unwrap(),
        BTreeSet::from(CONTENTS.map(String::from))
    );
    package.has_the_version_of_the_program().unwrap();
    package.keeps_settings_of_the_administrator().unwrap();
    package.makes_the_user_that_the_services_have().unwrap();
    package.settings_are_read_by_the_program().unwrap();
    for unit in ["hgpixel.service", "hgpixel@.service"] {
        package.systemd_takes(unit).unwrap();
    }
}

#[test]
fn both_services_give_up_the_same_rights() {
    let rights = |unit: &str| {
        let text = read(&root().join("deploy/systemd").join(unit)).unwrap();
        let (_, rights) = text
            .split_once("Restart=on-failure")
            .expect("a part about restarts and rights");
        let lines = rights
            .lines()
            .filter(|line| !line.starts_with("RestartSec="));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(rights("hgpixel.service"), rights("hgpixel@.service"));
}

/// A package, and what is in it.
struct Package {
    file: PathBuf,
    /// The files, and under DEBIAN what the package manager is told.
    unpacked: PathBuf,
    folder: TempDir,
}

impl Package {
    /// Of the debug build: cargo-deb takes the program from where a release build would be.
    fn make() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let built = folder.path().join("release/hgpixel");
        std::fs::create_dir(folder.path().join("release"))?;
        let program = std::env::var_os("HGPIXEL_BIN")
            .map_or_else(|| binary("debug"), |path| Ok(path.into()))?;
        std::fs::copy(&program, &built).with_context(|| {
            format!(
                "{} is not there; `cargo xtask test` builds it",
                program.display()
            )
        })?;
        let file = folder.path().join("hgpixel.deb");
        output(
            cargo("deb --quiet --no-build --no-strip --fast --package hgpixel --output")
                .arg(&file)
                .env("CARGO_TARGET_DIR", folder.path()),
        )?;
        let unpacked = folder.path().join("unpacked");
        output(command("dpkg-deb", &["--raw-extract"]).args([&file, &unpacked]))?;
        Ok(Self {
            file,
            unpacked,
            folder,
        })
    }

    fn contents(&self) -> Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        let mut folders = vec![self.unpacked.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                let name = path.strip_prefix(&self.unpacked)?.display().to_string();
                if path.is_dir() && name != "DEBIAN" {
                    folders.push(path);
                } else if name != "DEBIAN" {
                    found.insert(name);
                }
            }
        }
        Ok(found)
    }

    /// The package manager goes by the number, and people by the list of changes.
    fn has_the_version_of_the_program(&self) -> Result<()> {
        let version = output(
            command("dpkg-deb", &["--field"])
                .arg(&self.file)
                .arg("Version"),
        )?;
        let expected = format!("{}-1", env!("CARGO_PKG_VERSION"));
        ensure!(version.trim() == expected, "the package is of {version}");
        let changes = read(&root().join("deploy/debian/changelog"))?;
        ensure!(
            changes.starts_with(&format!("hgpixel ({expected}) ")),
            "deploy/debian/changelog does not begin with {expected}"
        );
        Ok(())
    }

    fn keeps_settings_of_the_administrator(&self) -> Result<()> {
        let kept = read(&self.unpacked.join("DEBIAN/conffiles"))?;
        ensure!(
            kept.trim() == "/etc/hgpixel/hgpixel.toml",
            "kept are {kept}"
        );
        Ok(())
    }

    /// A file of users that is not in the package would make its installation fail.
    fn makes_the_user_that_the_services_have(&self) -> Result<()> {
        let script = read(&self.unpacked.join("DEBIAN/postinst"))?;
        let calls: Vec<&str> = script
            .lines()
            .filter(|line| line.trim().starts_with("systemd-sysusers "))
            .collect();
        ensure!(!calls.is_empty(), "no user is made");
        for call in calls {
            let named = call.split_whitespace().next_back().unwrap_or_default();
            let users = read(&self.unpacked.join("usr/lib/sysusers.d").join(named))?;
            ensure!(
                users.lines().any(|line| line.starts_with("u hgpixel ")),
                "{named} has no user hgpixel"
            );
        }
        for unit in ["hgpixel.service", "hgpixel@.service"] {
            let unit = read(&self.unpacked.join("usr/lib/systemd/system").join(unit))?;
            ensure!(
                unit.lines().any(|line| line == "User=hgpixel"),
                "another user"
            );
        }
        for script in ["postinst", "postrm", "prerm"] {
            output(command("sh", &["-n"]).arg(self.unpacked.join("DEBIAN").join(script)))?;
        }
        Ok(())
    }

    fn settings_are_read_by_the_program(&self) -> Result<()> {
        let settings = self.unpacked.join("etc/hgpixel/hgpixel.toml");
        let mut program = command(
            self.unpacked.join("usr/bin/hgpixel"),
            &["check-config", "--config"],
        );
        // Variables of the tests, of which it knows none, are not its settings.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HGPIXEL_") {
                program.env_remove(name);
            }
        }
        output(program.arg(settings))?;
        Ok(())
    }

    /// Its file is read as it would be after installation, only that the program is in another place.
    fn systemd_takes(&self, unit: &str) -> Result<()> {
        let systemd = find_program("systemd-analyze")?;
        let text = read(&self.unpacked.join("usr/lib/systemd/system").join(unit))?;
        let program = self.unpacked.join("usr/bin/hgpixel");
        let here = text.replace(
            "ExecStart=/usr/bin/hgpixel",
            &format!("ExecStart={}", program.display()),
        );
        ensure!(here != text, "{unit} starts another program");
        let file = self.folder.path().join(unit);
        std::fs::write(&file, here)?;
        output(command(&systemd, &["verify", "--man=no", "--recursive-errors=no"]).arg(&file))?;
        let threshold = format!("--threshold={EXPOSURE_MAX}");
        output(
            command(
                &systemd,
                &["security", "--offline=yes", "--no-pager", &threshold],
            )
            .arg(&file),
        )?;
        Ok(())
    }
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))
}
