//! Writes of constants, sessions and activities.

use super::rows;
use super::statement::execute;
use crate::error::Error;
use crate::state::{Activity, Constant, Session};
use crate::timestamp::to_micros;
use deadpool_postgres::ClientWrapper;
use jiff::Timestamp;

pub async fn set_constant(client: &ClientWrapper, constant: &Constant) -> Result<(), Error> {
    let sql = "INSERT INTO constants (name, sealed, updated_at) VALUES ($1, $2, $3) \
               ON CONFLICT (name) DO UPDATE SET sealed = $2, updated_at = $3";
    let updated = to_micros(constant.updated_at);
    execute(client, sql, &[&constant.name, &constant.sealed, &updated]).await.map(|_| ())
}

pub async fn put_session(client: &ClientWrapper, session: &Session) -> Result<(), Error> {
    let sql = "INSERT INTO sessions (id_hash, data, expires_at) VALUES ($1, $2, $3) \
               ON CONFLICT (id_hash) DO UPDATE SET data = $2, expires_at = $3";
    let data = rows::to_text(&session.data)?;
    let expires = to_micros(session.expires_at);
    execute(client, sql, &[&session.id_hash, &data, &expires]).await.map(|_| ())
}

pub async fn delete_session(client: &ClientWrapper, id_hash: &str) -> Result<(), Error> {
    execute(client, "DELETE FROM sessions WHERE id_hash = $1", &[&id_hash]).await.map(|_| ())
}

pub async fn expire_sessions(client: &ClientWrapper, before: Timestamp) -> Result<(), Error> {
    let sql = "DELETE FROM sessions WHERE expires_at < $1";
    execute(client, sql, &[&to_micros(before)]).await.map(|_| ())
}

pub async fn insert_activity(client: &ClientWrapper, activity: &Activity) -> Result<(), Error> {
    let sql = "INSERT INTO activities (uuid, payload, created_at) VALUES ($1, $2, $3)";
    let payload = rows::to_text(&activity.payload)?;
    let created = to_micros(activity.created_at);
    execute(client, sql, &[&activity.uuid, &payload, &created]).await.map(|_| ())
}
