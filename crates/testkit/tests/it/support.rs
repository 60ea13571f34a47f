//! What tests look at: the processes and files of this machine.

use std::path::Path;
use std::time::Duration;

use hgpixel_testkit::{Process, wait_until};

pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The ids of all live processes whose environment, command line or working directory names this directory.
pub(crate) fn processes_in(directory: &Path) -> Vec<u32> {
    let needle = directory.to_str().unwrap();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| belongs(*id, needle)).collect()
}

fn belongs(id: u32, needle: &str) -> bool {
    let file = |name: &str| {
        std::fs::read(format!("/proc/{id}/{name}"))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    let folder =
        std::fs::read_link(format!("/proc/{id}/cwd")).map(|folder| folder.display().to_string());
    let zombie = file("stat").is_ok_and(|stat| {
        stat.rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with('Z'))
    });
    !zombie
        && [file("environ"), file("cmdline"), folder]
            .into_iter()
            .flatten()
            .any(|text| text.contains(needle))
}

/// Is somebody listening there, and does the listener answer within 300 ms?
pub(crate) async fn answers(port: u16, question: &[u8]) -> bool {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let attempt = async {
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(question).await?;
        stream.read_u8().await
    };
    matches!(
        tokio::time::timeout(Duration::from_millis(300), attempt).await,
        Ok(Ok(_))
    )
}

/// Every power of the kit over one server, then its end.
pub(crate) async fn exercise(
    server: impl std::ops::Deref<Target = Process>,
    port: u16,
    question: &[u8],
) {
    let directory = server.directory().to_owned();
    assert!(answers(port, question).await, "a started server answers");
    assert!(
        processes_in(&directory).len() >= 2,
        "the search for processes finds the guard and the server"
    );

    server.pause().await.unwrap();
    assert!(!answers(port, question).await, "a paused server is silent");
    assert!(server.is_running(), "a paused server is still there");
    server.resume().await.unwrap();
    wait_until("an answer after the pause", SOON, async || {
        answers(port, question).await
    })
    .await
    .unwrap();

    server.kill().await.unwrap();
    assert!(!server.is_running());
    assert!(!answers(port, question).await, "a killed server is silent");
    assert_eq!(
        processes_in(&directory).len(),
        1,
        "only the guard survives a kill"
    );

    server.restart().await.unwrap();
    assert!(
        answers(port, question).await,
        "a restarted server answers on the same port"
    );

    assert_eq!(
        server.terminate().await.unwrap(),
        0,
        "asked to end, a server ends well:\n{}",
        server.log()
    );
    assert!(!server.is_running());

    server.restart().await.unwrap();
    server.pause().await.unwrap();
    drop(server);
    assert_eq!(
        processes_in(&directory),
        Vec::<u32>::new(),
        "no process is left, though it was paused"
    );
    assert!(!directory.exists(), "no file is left");
}
