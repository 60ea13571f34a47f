//! The kit's handle on the program, against a stand-in that can be looked through; the real one has the tests of the system.

use std::os::unix::fs::PermissionsExt;

use hgpixel_testkit::{HgpixelBuilder, HgpixelProcess, Redis};

use crate::support::answers;

/// The stand-in lies in the directory of some other server, which removes it in the end.
fn stand_in(place: &Redis) -> HgpixelBuilder {
    let file = place.directory().join("stand_in.sh");
    std::fs::write(&file, include_str!("stand_in.sh")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    HgpixelProcess::serve().binary(file)
}

#[tokio::test]
async fn it_gets_its_settings_and_no_others_and_keeps_them() {
    let place = Redis::start().await.unwrap();
    let program = stand_in(&place)
        .env("HGPIXEL_STORE__URL", "sqlite:x")
        .arg("--config")
        .arg("c.toml")
        .file("c.toml", "")
        .start()
        .await
        .unwrap();
    let settings = || std::fs::read_to_string(program.data_dir().join("settings")).unwrap();
    let (public, admin) = (
        program.url().replace("http://", ""),
        program.admin_url().replace("http://", ""),
    );
    let expected = format!(
        "HGPIXEL_ADMIN_LISTEN={admin}\nHGPIXEL_DATA_DIR=data\nHGPIXEL_LISTEN={public}\nHGPIXEL_STORE__URL=sqlite:x\n"
    );
    assert_eq!(settings(), expected);
    assert!(program.directory().join("c.toml").exists());
    assert!(answers(program.port(), b"GET / HTTP/1.0\r\n\r\n").await);

    program.kill().await.unwrap();
    program.restart().await.unwrap();
    assert_eq!(settings(), expected);
    assert_eq!(
        program
            .log()
            .matches("starting serve --config c.toml")
            .count(),
        2
    );
    program.terminate().await.unwrap();
    assert!(!program.is_running());
}

#[tokio::test]
async fn its_metrics_and_subcommands_can_be_asked_for() {
    let place = Redis::start().await.unwrap();
    let program = stand_in(&place).start().await.unwrap();
    assert!(
        program
            .metrics()
            .await
            .unwrap()
            .contains_key("hgpixel_a_total{x=\"2\"}")
    );
    assert_eq!(program.counter("hgpixel_a_total").await.unwrap(), 5);
    assert_eq!(program.counter("hgpixel_b_total").await.unwrap(), 0);
    assert!(program.counter("hgpixel_fraction").await.is_err());

    let token = program.run(&["token", "create"]).await.unwrap();
    assert_eq!(token, format!("token-of-127.0.0.1:{}\n", program.port()));
    let refused = program.try_run(&["fail"]).await.unwrap();
    assert_eq!(
        (refused.code, refused.stderr.as_str()),
        (2, "no such thing\n")
    );
    assert!(
        program
            .run(&["fail"])
            .await
            .unwrap_err()
            .to_string()
            .contains("no such thing")
    );
}

#[tokio::test]
async fn a_program_that_is_not_built_names_the_cure() {
    let missing = HgpixelProcess::serve()
        .binary("/nowhere/hgpixel")
        .start()
        .await
        .unwrap_err();
    assert!(
        format!("{missing:#}").contains("cargo xtask test"),
        "{missing:#}"
    );
}
