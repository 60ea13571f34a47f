//! The servers that all test processes of one run share.

use anyhow::{Context, Result};
use hgpixel_testkit::Servers;

use crate::{setup, shell};

/// `cargo xtask servers [command]`
pub(crate) fn run(command: &[String]) -> Result<()> {
    setup::programs()?;
    with(|environment| match command {
        [] => wait_with(environment),
        [program, arguments @ ..] => {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            shell::run(shell::command(program, &arguments).envs(environment.iter().cloned()))
        }
    })
}

/// Starts the servers, does `work` with the variables that name them, and ends them whatever came of it.
pub(crate) fn with(work: impl FnOnce(&[(&'static str, String)]) -> Result<()>) -> Result<()> {
    eprintln!("\n==> starting PostgreSQL, RabbitMQ and Redis for the tests");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start a runtime")?;
    let servers = runtime.block_on(Servers::start())?;
    let result = work(&servers.environment());
    drop(servers);
    result
}

/// Prints the variables for a shell, and waits for the end of standard input or a signal.
#[expect(
    clippy::print_stdout,
    reason = "the lines are made to be read by a shell"
)]
fn wait_with(environment: &[(&'static str, String)]) -> Result<()> {
    for (name, value) in environment {
        println!("export {name}='{value}'");
    }
    eprintln!("the servers run until Ctrl-C or the end of standard input");
    std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink())
        .context("wait for the end of standard input")?;
    Ok(())
}
