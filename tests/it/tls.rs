//! A broker behind TLS: `amqps://`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use hgpixel_testkit::{
    HgpixelBuilder, HgpixelProcess, Rabbitmq, find_program, free_port, run, wait_until,
};
use serde_json::json;
use tempfile::TempDir;

/// A broker with a certificate of an authority of its own, for 127.0.0.1.
struct Secured {
    folder: TempDir,
    port: u16,
    _broker: Rabbitmq,
}

impl Secured {
    async fn start() -> Result<Self> {
        let folder = TempDir::new()?;
        authority(folder.path(), "ca").await?;
        authority(folder.path(), "stranger").await?;
        certificate(folder.path()).await?;
        let port = free_port();
        let file = |name: &str| folder.path().join(name).display().to_string();
        let settings = format!(
            "listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.cacertfile = {}\nssl_options.certfile = {}\n\
             ssl_options.keyfile = {}\nssl_options.verify = verify_none\nssl_options.fail_if_no_peer_cert = false",
            file("ca.pem"),
            file("broker.pem"),
            file("broker.key"),
        );
        let broker = Rabbitmq::start_with(&settings).await?;
        Ok(Self {
            folder,
            port,
            _broker: broker,
        })
    }

    /// A process that trusts the authority of this name.
    fn process(&self, authority: &str) -> HgpixelBuilder {
        let url = format!("amqps://guest:guest@127.0.0.1:{}/%2f", self.port);
        let authority = self.folder.path().join(format!("{authority}.pem"));
        HgpixelProcess::serve()
            .env("HGPIXEL_QUEUE__URL", url)
            .env("SSL_CERT_FILE", authority.display().to_string())
    }
}

const KEY: [&str; 5] = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
];

async fn authority(folder: &Path, name: &str) -> Result<()> {
    let mut openssl = openssl(folder)?;
    openssl.args(["req", "-x509", "-days", "2"]).args(KEY);
    openssl.args([
        "-subj",
        &format!("/CN={name}"),
        "-keyout",
        &format!("{name}.key"),
    ]);
    openssl.args(["-out", &format!("{name}.pem")]);
    run(openssl).await.map(drop)
}

async fn certificate(folder: &Path) -> Result<()> {
    let mut request = openssl(folder)?;
    request.arg("req").args(KEY);
    request.args([
        "-subj",
        "/CN=broker",
        "-keyout",
        "broker.key",
        "-out",
        "broker.csr",
    ]);
    run(request).await?;
    let about = "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n";
    std::fs::write(folder.join("about"), about)?;
    let mut sign = openssl(folder)?;
    sign.args([
        "x509",
        "-req",
        "-days",
        "2",
        "-in",
        "broker.csr",
        "-out",
        "broker.pem",
    ]);
    sign.args([
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-extfile",
        "about",
    ]);
    run(sign).await.map(drop)
}

fn openssl(folder: &Path) -> Result<Command> {
    let program: PathBuf = find_program("openssl")?;
    let mut command = Command::new(program);
    command.current_dir(folder);
    Ok(command)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_behind_tls_takes_and_gives_and_must_be_trusted() -> Result<()> {
    let broker = Secured::start().await?;
    let process = broker.process("ca").start().await?;
    let client = crate::stack::client()?;
    let answer = client
        .post(format!("{}/track", process.url()))
        .body(json!({"clientID": "tls.example"}).to_string())
        .send()
        .await?;
    ensure!(answer.status() == 204, "{}", answer.status());
    let is_stored = async || {
        let stored = process.counter("hgpixel_events_stored_total").await;
        stored.is_ok_and(|stored| stored == 1)
    };
    wait_until("the event in the store", Duration::from_mins(1), is_stored).await?;

    let stranger = broker.process("stranger").prepare()?;
    let refused = stranger.try_run(&["dlq", "list"]).await?;
    ensure!(refused.code == 1, "{}: {}", refused.code, refused.stderr);
    for word in [
        "certificate is not trusted",
        "UnknownIssuer",
        "SSL_CERT_FILE",
    ] {
        ensure!(refused.stderr.contains(word), "{}", refused.stderr);
    }
    Ok(())
}
