//! Address plans: one a team, once it has said something or needed an IPv6 range.

use ipnet::Ipv6Net;
use portolan_types::{AddressPlan, TeamId, Timestamp};
use sqlx::{AnyConnection, Row};

use super::{json_option, parsed, to_json};

/// The team's plan, if it has one.
pub async fn find(
    conn: &mut AnyConnection,
    team: &TeamId,
) -> Result<Option<AddressPlan>, sqlx::Error> {
    let row = sqlx::query(
        "select pools, reserved, across_fleet, ula from address_plans where team_id = $1",
    )
    .bind(team.as_str())
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(AddressPlan {
        pools: json_option(&row, "pools")?.unwrap_or_default(),
        reserved: json_option(&row, "reserved")?.unwrap_or_default(),
        across_fleet: row.try_get::<i64, _>("across_fleet")? == 1,
        ula: Some(parsed(&row, "ula")?),
    }))
}

/// Stores the plan. The IPv6 range of a plan that is there already stays.
pub async fn upsert(
    conn: &mut AnyConnection,
    team: &TeamId,
    plan: &AddressPlan,
    ula: Ipv6Net,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into address_plans (team_id, pools, reserved, across_fleet, ula, updated_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (team_id) do update
         set pools = excluded.pools, reserved = excluded.reserved,
             across_fleet = excluded.across_fleet, updated_at = excluded.updated_at",
    )
    .bind(team.as_str())
    .bind(to_json(&plan.pools)?)
    .bind(to_json(&plan.reserved)?)
    .bind(i64::from(plan.across_fleet))
    .bind(ula.to_string())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}
