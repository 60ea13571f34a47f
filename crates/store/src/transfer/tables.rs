//! The tables that are copied, in the order in which they are.

/// A table, the same on both databases.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The columns of its key, with commas between.
    pub(super) key: &'static str,
    pub(super) order: Order,
    pub(super) size: Size,
}

/// In which order a table is read. It is the same each time, so that a try can go on behind the rows that have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// By its key.
    Key,
    /// As its rows lie in the file, which is the order in which they came: what is large is read from one end to the other.
    Arrival,
}

/// Whether a checksum of it is part of what a store is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// Read in no time. Whatever a server or a command does changes one of these tables, the number of rows of a large one, or both.
    Small,
    /// Grows with the traffic.
    Large,
}

use Order::{Arrival, Key};
use Size::{Large, Small};

const fn table(name: &'static str, key: &'static str, order: Order, size: Size) -> Table {
    Table {
        name,
        key,
        order,
        size,
    }
}

pub(super) const TABLES: &[Table] = &[
    table("meta", "key", Key, Small),
    table("counters", "name", Key, Small),
    table("sites", "id", Key, Small),
    table("salts", "day", Key, Small),
    table("users", "id", Key, Small),
    table("roles", "user_id, site", Key, Small),
    table("invitations", "hash", Key, Small),
    table("logins", "hash", Key, Small),
    table("login_links", "hash", Key, Small),
    table("tokens", "id", Key, Small),
    table("shared_links", "hash", Key, Small),
    table("kept", "id", Key, Small),
    table("audit", "id", Key, Small),
    table("verdicts", "site, about, subject", Key, Small),
    table("verdict_sweeps", "site", Key, Small),
    table("books", "instance, account", Key, Small),
    table("totals", "instance, site", Key, Small),
    table("tallies", "hour, site, instance", Key, Large),
    table("batches", "id", Arrival, Large),
    table("pages", "id", Key, Large),
    table("referrers", "id", Key, Large),
    table("clients", "id", Key, Large),
    table("campaigns", "id", Key, Large),
    table("places", "id", Key, Large),
    table("people", "id", Key, Large),
    table("kinds", "id", Key, Large),
    table("channels", "id", Key, Large),
    table("visits", "site, visitor", Key, Large),
    table("sessions", "site, session", Key, Large),
    table("events", "site, event_id", Arrival, Large),
    table("rollup_days", "site, day", Key, Large),
    table("rollups", "site, dimension, day", Arrival, Large),
    table("rollup_marks", "id", Key, Large),
];

/// Filled by a process that merely starts, before anything happened: these rows of the database give way to those of the file.
pub(super) const MADE_AT_START: [&str; 3] = ["meta", "salts", "counters"];

/// Tables that stay where they are. The first is each database's own; of the second, SQLite's, the numbers go into PostgreSQL's
/// identities.
#[cfg(test)]
const LEFT_OUT: [&str; 2] = ["schema_versions", "sqlite_sequence"];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use hgpixel_config::{SecretUrl, Settings, StoreUrl};
    use hgpixel_event::Clock;
    use hgpixel_testkit::PostgresDatabase;
    use sqlx::{Connection, PgConnection, SqliteConnection};

    use super::*;
    use crate::EventStore;

    async fn migrate(url: StoreUrl) {
        let mut settings = Settings::default().store;
        settings.url = url;
        EventStore::migrate(&settings, &Clock::system())
            .await
            .unwrap();
    }

    fn known<const N: usize>(left_out: [&str; N]) -> BTreeSet<String> {
        let copied = TABLES.iter().map(|table| table.name);
        copied.chain(left_out).map(str::to_owned).collect()
    }

    /// A migration that adds a table fails here until somebody decides what becomes of it: see [`crate::transfer`].
    #[tokio::test]
    async fn every_table_of_a_file_is_copied_or_left_out_for_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        migrate(StoreUrl::Sqlite(path.clone())).await;
        let mut file = SqliteConnection::connect(&format!("sqlite:{}", path.display()))
            .await
            .unwrap();
        let found: Vec<String> =
            sqlx::query_scalar("select name from sqlite_master where type = 'table'")
                .fetch_all(&mut file)
                .await
                .unwrap();
        assert_eq!(BTreeSet::from_iter(found), known(LEFT_OUT));
    }

    #[tokio::test]
    async fn every_table_of_a_database_is_copied_or_left_out_for_a_reason() {
        let database = PostgresDatabase::create().await.unwrap();
        migrate(StoreUrl::Postgres(SecretUrl::new(database.url()))).await;
        let mut connection = PgConnection::connect(&database.url()).await.unwrap();
        // Without partitions, which are the table's.
        let select =
            "select relname::text from pg_class where relkind in ('r', 'p') and not relispartition
             and relnamespace = 'public'::regnamespace";
        let found: Vec<String> = sqlx::query_scalar(select)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        assert_eq!(BTreeSet::from_iter(found), known([LEFT_OUT[0]]));
    }

    #[test]
    fn the_list_in_the_documentation_is_this_one() {
        let text = include_str!("../transfer.rs");
        let listed: BTreeSet<&str> = text
            .split("```text")
            .nth(1)
            .and_then(|text| text.split("```").next())
            .unwrap()
            .lines()
            .filter_map(|line| line.strip_prefix("//! "))
            // Behind two spaces stands what becomes of them.
            .filter_map(|line| line.split("  ").next())
            .flat_map(|names| names.split(','))
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect();
        let known = known(LEFT_OUT);
        assert_eq!(listed, known.iter().map(String::as_str).collect());
    }
}
