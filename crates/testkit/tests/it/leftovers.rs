//! A test process that is killed cannot clean up. The kit cleans up after it.
//!
//! The test runs itself once more as the victim: the same binary, asked for the one test below, with a variable that makes
//! it start servers and wait for its death.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use hgpixel_testkit::{Postgres, Redis, wait_until};

use crate::support::{SOON, processes_in};

const VICTIM: &str = "TESTKIT_VICTIM";

#[tokio::test]
async fn a_killed_test_process_leaves_nothing() {
    if std::env::var_os(VICTIM).is_some() {
        return start_servers_and_wait_for_death().await;
    }
    let mut victim = start_victim();
    let directories = directories_of(&mut victim);
    assert_eq!(directories.len(), 2);
    for directory in &directories {
        assert!(directory.exists() && processes_in(directory).len() > 1);
    }
    victim.kill().unwrap();
    victim.wait().unwrap();
    for directory in directories {
        let gone = async || processes_in(&directory).is_empty() && !directory.exists();
        wait_until("the end of all processes and files", SOON, gone)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_panic_leaves_nothing() {
    let directory = std::sync::Arc::new(std::sync::Mutex::new(PathBuf::new()));
    let noted = std::sync::Arc::clone(&directory);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        let server = Redis::start().await.unwrap();
        server.directory().clone_into(&mut noted.lock().unwrap());
        panic!("on purpose");
    });
    assert!(tasks.join_next().await.unwrap().unwrap_err().is_panic());
    let directory = directory.lock().unwrap().clone();
    assert!(directory.is_absolute() && !directory.exists());
    assert_eq!(processes_in(&directory), Vec::<u32>::new());
}

async fn start_servers_and_wait_for_death() {
    let postgres = Postgres::start().await.unwrap();
    let redis = Redis::start().await.unwrap();
    // Frozen processes obey SIGKILL only: the worst case for those who clean up.
    postgres.pause().await.unwrap();
    println!("\nvictim {}", postgres.directory().display());
    println!("victim {}", redis.directory().display());
    println!("victim ready");
    std::future::pending::<()>().await;
}

fn start_victim() -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "leftovers::a_killed_test_process_leaves_nothing",
            "--nocapture",
        ])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn directories_of(victim: &mut Child) -> Vec<PathBuf> {
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let said = lines
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("victim ").map(str::to_owned));
    said.take_while(|word| word != "ready")
        .map(PathBuf::from)
        .collect()
}
