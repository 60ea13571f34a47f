//! The proxy passes bytes when healthy, and fails in each of its ways when asked to.

use std::time::{Duration, Instant};

use hgpixel_testkit::{Redis, TcpProxy, wait_until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{SOON, answers};

const PING: &[u8] = b"PING\r\n";

async fn ping(stream: &mut TcpStream) -> std::io::Result<[u8; 7]> {
    let mut answer = [0; 7];
    stream.write_all(PING).await?;
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn a_proxy_cuts_and_heals() {
    let redis = Redis::start().await.unwrap();
    let proxy = TcpProxy::start(redis.port()).await.unwrap();
    assert_eq!(
        proxy.url(&redis.url()),
        format!("redis://127.0.0.1:{}/", proxy.port())
    );
    let mut stream = TcpStream::connect(("127.0.0.1", proxy.port()))
        .await
        .unwrap();
    assert_eq!(&ping(&mut stream).await.unwrap(), b"+PONG\r\n");

    proxy.cut().await;
    assert!(ping(&mut stream).await.is_err(), "an open connection ends");
    let refused = TcpStream::connect(("127.0.0.1", proxy.port()))
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);

    proxy.heal().await;
    assert!(answers(proxy.port(), PING).await);
    assert_eq!(proxy.accepted(), 2);

    proxy.cut().await;
    proxy.silence().await;
    assert!(
        !answers(proxy.port(), PING).await,
        "a silence after a cut accepts and says nothing"
    );
}

#[tokio::test]
async fn what_waits_in_a_silence_passes_after_it() {
    let redis = Redis::start().await.unwrap();
    let proxy = TcpProxy::start(redis.port()).await.unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", proxy.port()))
        .await
        .unwrap();
    ping(&mut stream).await.unwrap();

    proxy.silence().await;
    assert!(
        tokio::time::timeout(Duration::from_millis(200), ping(&mut stream))
            .await
            .is_err(),
        "nothing passes"
    );
    proxy.heal().await;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"+PONG\r\n");
}

#[tokio::test]
async fn a_slow_proxy_delays_both_ways() {
    let redis = Redis::start().await.unwrap();
    let proxy = TcpProxy::start(redis.port()).await.unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", proxy.port()))
        .await
        .unwrap();
    proxy.slow(Duration::from_millis(100)).await;
    let began = Instant::now();
    ping(&mut stream).await.unwrap();
    assert!(
        began.elapsed() >= Duration::from_millis(200),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_dropped_proxy_lets_go_of_its_connections() {
    let redis = Redis::start().await.unwrap();
    let proxy = TcpProxy::start(redis.port()).await.unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", proxy.port()))
        .await
        .unwrap();
    ping(&mut stream).await.unwrap();
    let port = proxy.port();
    drop(proxy);
    wait_until("refusal", SOON, async || {
        TcpStream::connect(("127.0.0.1", port)).await.is_err()
    })
    .await
    .unwrap();
    assert!(ping(&mut stream).await.is_err());
}
