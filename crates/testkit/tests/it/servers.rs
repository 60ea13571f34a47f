//! Each server can be started, paused, killed, restarted and ended, keeps its data, and leaves nothing.

use hgpixel_testkit::{
    Postgres, PostgresDatabase, Process, RabbitVhost, Rabbitmq, Ready, Redis, free_port,
    redis_prefix, shared_redis,
};
use serde_json::json;

use crate::support::{answers, exercise};

const STARTUP: &[u8] = b"\x00\x00\x00\x16\x00\x03\x00\x00user\0postgres\0\0";

#[tokio::test]
async fn postgres_obeys_and_leaves_nothing() {
    let server = Postgres::start().await.unwrap();
    let port = server.port();
    exercise(server, port, STARTUP).await;
}

#[tokio::test]
async fn redis_obeys_and_leaves_nothing() {
    let server = Redis::start().await.unwrap();
    let port = server.port();
    exercise(server, port, b"PING\r\n").await;
}

#[tokio::test]
async fn rabbitmq_obeys_and_leaves_nothing() {
    let server = Rabbitmq::start().await.unwrap();
    let port = server.port();
    exercise(server, port, b"AMQP\x00\x00\x09\x01").await;
}

#[tokio::test]
async fn any_daemon_can_be_described() {
    let port = free_port();
    let config = format!(
        "defaults\n timeout client 5s\n timeout connect 5s\n timeout server 5s\n mode http\nfrontend f\n bind 127.0.0.1:{port}\n http-request return status 200\n"
    );
    let server = Process::builder("haproxy")
        .args(&["-f", "haproxy.cfg"])
        .file("haproxy.cfg", config)
        .ready(Ready::http(port, "/"))
        .start()
        .await
        .unwrap();
    assert!(answers(port, b"GET / HTTP/1.0\r\n\r\n").await);
    drop(server);
    assert!(!answers(port, b"GET / HTTP/1.0\r\n\r\n").await);
}

#[tokio::test]
async fn a_daemon_that_ends_at_once_is_an_error_with_its_log() {
    let failed = Process::builder("sh")
        .args(&["-c", "echo it is broken; exit 7"])
        .ready(Ready::port(free_port()))
        .start()
        .await;
    let message = format!("{:#}", failed.unwrap_err());
    assert!(
        message.contains("Ended(7)") && message.contains("it is broken"),
        "{message}"
    );
}

#[tokio::test]
async fn committed_rows_survive_a_kill_of_postgres() {
    let server = Postgres::start().await.unwrap();
    let database = PostgresDatabase::create_in(&server).await.unwrap();
    database
        .query("create table t (a bigint); insert into t values (41), (1)")
        .await
        .unwrap();
    server.kill().await.unwrap();
    server.restart().await.unwrap();
    assert_eq!(database.query("select sum(a) from t").await.unwrap(), "42");
}

#[tokio::test]
async fn postgres_takes_settings() {
    let server = Postgres::start_with("work_mem = '7MB'").await.unwrap();
    let database = PostgresDatabase::create_in(&server).await.unwrap();
    assert_eq!(database.query("show work_mem").await.unwrap(), "7MB");
}

#[tokio::test]
async fn databases_are_separate_and_dropped() {
    let one = PostgresDatabase::create().await.unwrap();
    let two = PostgresDatabase::create().await.unwrap();
    one.query("create table t (a bigint)").await.unwrap();
    assert!(two.query("select * from t").await.is_err());
    let copy = one.copy().await.unwrap();
    assert_eq!(copy.query("select count(*) from t").await.unwrap(), "0");

    let name = one.name().to_owned();
    drop(one);
    let left = two
        .query(&format!(
            "select count(*) from pg_database where datname = '{name}'"
        ))
        .await
        .unwrap();
    assert_eq!(left, "0");
}

#[tokio::test]
async fn vhosts_are_separate_and_removed() {
    let one = RabbitVhost::create().await.unwrap();
    let two = RabbitVhost::create().await.unwrap();
    let queue = json!({"durable": true, "arguments": {"x-queue-type": "quorum"}});
    one.manage(
        "PUT",
        &format!("/api/queues/{}/events", one.name()),
        Some(&queue),
    )
    .await
    .unwrap();
    let names = |queues: serde_json::Value| {
        queues
            .as_array()
            .unwrap()
            .iter()
            .map(|each| each["name"].to_string())
            .collect::<Vec<_>>()
    };
    let queues_of_one = one
        .manage("GET", &format!("/api/queues/{}", one.name()), None)
        .await
        .unwrap();
    let queues_of_two = two
        .manage("GET", &format!("/api/queues/{}", two.name()), None)
        .await
        .unwrap();
    assert_eq!(
        (names(queues_of_one), names(queues_of_two)),
        (vec!["\"events\"".to_owned()], vec![])
    );

    let name = one.name().to_owned();
    drop(one);
    assert!(
        two.manage("GET", &format!("/api/vhosts/{name}"), None)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn the_shared_redis_answers() {
    let url = shared_redis().await.unwrap();
    let port = url
        .trim_end_matches('/')
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(answers(port, b"PING\r\n").await);
    assert_ne!(redis_prefix(), redis_prefix());
}
