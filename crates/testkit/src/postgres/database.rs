//! A fresh database for one test.

use std::process::Command;

use anyhow::Result;

use crate::command::run_blocking;
use crate::{Postgres, find_program, run, shared_postgres};

/// An empty database that nobody else uses; dropped with this value, even while connections to it are open.
#[derive(Debug)]
pub struct PostgresDatabase {
    name: String,
    server_url: String,
}

impl PostgresDatabase {
    /// Makes one in the shared server; takes about 100 ms.
    ///
    /// # Errors
    /// When there is no shared server and none can be started.
    pub async fn create() -> Result<Self> {
        Self::create_at(&shared_postgres().await?, "template0").await
    }

    /// Makes one in a server of the test's own.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn create_in(server: &Postgres) -> Result<Self> {
        Self::create_at(&server.url(), "template0").await
    }

    /// Makes a copy of this one with all that is in it. Nobody may be connected to the original.
    ///
    /// # Errors
    /// When somebody is connected to it.
    pub async fn copy(&self) -> Result<Self> {
        Self::create_at(&self.server_url, &self.name).await
    }

    async fn create_at(server_url: &str, template: &str) -> Result<Self> {
        let name = format!("t_{}", uuid::Uuid::new_v4().simple());
        run(psql(
            server_url,
            &format!("create database {name} template {template}"),
        )?)
        .await?;
        Ok(Self {
            name,
            server_url: server_url.to_owned(),
        })
    }

    /// `postgres://postgres@127.0.0.1:PORT/NAME`
    pub fn url(&self) -> String {
        let server = self
            .server_url
            .strip_suffix("/postgres")
            .expect("the server's URL names the maintenance database");
        format!("{server}/{}", self.name)
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs statements in one call of `psql` and answers their rows: columns separated by `|`, one row a line.
    ///
    /// # Errors
    /// When a statement fails; the message carries what PostgreSQL said.
    pub async fn query(&self, sql: &str) -> Result<String> {
        let finished = run(psql(&self.url(), sql)?).await?;
        Ok(finished.stdout.trim_end().to_owned())
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        // The server may be gone by now, which drops the database as well; so an error means nothing.
        if let Ok(mut command) = psql(
            &self.server_url,
            &format!("drop database {} with (force)", self.name),
        ) {
            drop(run_blocking(command.env("PGCONNECT_TIMEOUT", "2")));
        }
    }
}

fn psql(url: &str, sql: &str) -> Result<Command> {
    let mut command = Command::new(find_program("psql")?);
    command.args([
        "--no-psqlrc",
        "--quiet",
        "--tuples-only",
        "--no-align",
        "--set=ON_ERROR_STOP=1",
        "--dbname",
        url,
        "--command",
        sql,
    ]);
    Ok(command)
}
