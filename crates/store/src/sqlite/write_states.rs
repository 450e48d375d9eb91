//! Writes of constants, sessions and activities.

use super::{fault, rows};
use crate::error::Error;
use crate::state::{Activity, Constant, Session};
use crate::timestamp::to_micros;
use jiff::Timestamp;
use rusqlite::{Connection, Params, params};

pub fn set_constant(connection: &Connection, constant: &Constant) -> Result<(), Error> {
    let sql = "INSERT INTO constants (name, sealed, updated_at) VALUES (?1, ?2, ?3) \
               ON CONFLICT (name) DO UPDATE SET sealed = ?2, updated_at = ?3";
    let values = params![constant.name, constant.sealed, to_micros(constant.updated_at)];
    execute(connection, sql, values)
}

pub fn put_session(connection: &Connection, session: &Session) -> Result<(), Error> {
    let sql = "INSERT INTO sessions (id_hash, data, expires_at) VALUES (?1, ?2, ?3) \
               ON CONFLICT (id_hash) DO UPDATE SET data = ?2, expires_at = ?3";
    let data = rows::to_text(&session.data)?;
    execute(connection, sql, params![session.id_hash, data, to_micros(session.expires_at)])
}

pub fn delete_session(connection: &Connection, id_hash: &str) -> Result<(), Error> {
    execute(connection, "DELETE FROM sessions WHERE id_hash = ?", [id_hash])
}

pub fn expire_sessions(connection: &Connection, before: Timestamp) -> Result<(), Error> {
    execute(connection, "DELETE FROM sessions WHERE expires_at < ?", [to_micros(before)])
}

pub fn insert_activity(connection: &Connection, activity: &Activity) -> Result<(), Error> {
    let sql = "INSERT INTO activities (uuid, payload, created_at) VALUES (?, ?, ?)";
    let payload = rows::to_text(&activity.payload)?;
    execute(connection, sql, params![activity.uuid, payload, to_micros(activity.created_at)])
}

fn execute(connection: &Connection, sql: &str, values: impl Params) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(sql).map_err(fault::of)?;
    statement.execute(values).map(|_| ()).map_err(fault::of)
}
