//! When those whom verdicts may be about were seen last. How often, the figures say.

use sqlx::QueryBuilder;

use crate::error::StoreError;
use crate::pool::{Pool, reading};
use crate::session_id;

/// Visits of one kind in a range of time, and when the last of them ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotSeen {
    /// Why they are taken for a bot's; empty where they are people's.
    pub reason: String,
    /// The bot's name; also where a verdict says that it is none.
    pub name: String,
    /// Of this user agent; `None` where it was not asked for.
    pub user_agent: Option<String>,
    /// In milliseconds since 1970 UTC.
    pub last_ms: i64,
}

/// By reason and name, the latest 2,000; and by user agent too, for these of them. Visits without a reason and a name are told for the
/// user agents alone.
pub(crate) async fn last_seen(
    pool: &Pool,
    site: i64,
    (from_ms, until_ms): (i64, i64),
    agents: &[String],
) -> Result<Vec<BotSeen>, StoreError> {
    let select = include_str!("../../sql/bots.last_seen.sql");
    let (first, last) = session_id::range(from_ms, until_ms);
    let rows: Vec<(String, String, i64)> = reading!(pool, db => sqlx::query_as(select)
        .bind(site)
        .bind(first)
        .bind(last)
        .bind(from_ms)
        .bind(until_ms)
        .fetch_all(db)
        .await?);
    let mut seen: Vec<BotSeen> = rows
        .into_iter()
        .map(|(reason, name, last_ms)| BotSeen {
            reason,
            name,
            user_agent: None,
            last_ms,
        })
        .collect();
    if !agents.is_empty() {
        seen.extend(of_agents(pool, site, (from_ms, until_ms), agents).await?);
    }
    Ok(seen)
}

async fn of_agents(
    pool: &Pool,
    site: i64,
    (from_ms, until_ms): (i64, i64),
    agents: &[String],
) -> Result<Vec<BotSeen>, StoreError> {
    let (first, last) = session_id::range(from_ms, until_ms);
    let rows: Vec<(String, String, String, i64)> = reading!(pool, db: Db => {
        let mut query = QueryBuilder::<Db>::new(
            "select c.user_agent, c.bot_reason, c.bot_name, max(s.started_ms + s.duration_ms) \
             from sessions s join clients c on c.id = s.client where s.site = ",
        );
        query.push_bind(site).push(" and s.session >= ").push_bind(first);
        query.push(" and s.session <= ").push_bind(last);
        query.push(" and s.started_ms + s.duration_ms >= ").push_bind(from_ms);
        query.push(" and s.started_ms < ").push_bind(until_ms).push(" and c.user_agent in (");
        let mut list = query.separated(", ");
        for agent in agents {
            list.push_bind(agent);
        }
        query.push(") group by c.user_agent, c.bot_reason, c.bot_name");
        query.build_query_as().fetch_all(db).await?
    });
    Ok(rows
        .into_iter()
        .map(|(user_agent, reason, name, last_ms)| BotSeen {
            reason,
            name,
            user_agent: Some(user_agent),
            last_ms,
        })
        .collect())
}
