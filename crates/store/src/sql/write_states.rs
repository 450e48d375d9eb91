//! Writes of constants, sessions and activities.

use super::dialect::Dialect;
use super::json::to_json;
use super::statement::Statement;
use super::value::values;
use crate::error::Error;
use crate::state::{Activity, Constant, Session};
use crate::timestamp::to_micros;
use jiff::Timestamp;

/// Sets a constant.
pub fn set_constant<D: Dialect>(constant: &Constant) -> Statement<'_> {
    let sql = "INSERT INTO constants (name, sealed, updated_at) VALUES (?1, ?2, ?3) \
               ON CONFLICT (name) DO UPDATE SET sealed = ?2, updated_at = ?3";
    let updated_at = to_micros(constant.updated_at);
    Statement::new::<D>(sql, values![&constant.name, &constant.sealed, updated_at])
}

/// Stores a session.
pub fn put_session<D: Dialect>(session: &Session) -> Result<Statement<'_>, Error> {
    let sql = "INSERT INTO sessions (id_hash, data, user_id, expires_at) VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT (id_hash) DO UPDATE SET data = ?2, user_id = ?3, expires_at = ?4";
    session_statement::<D>(sql, session)
}

/// Changes a stored session.
pub fn update_session<D: Dialect>(session: &Session) -> Result<Statement<'_>, Error> {
    let sql = "UPDATE sessions SET data = ?2, user_id = ?3, expires_at = ?4 WHERE id_hash = ?1";
    session_statement::<D>(sql, session)
}

fn session_statement<'a, D: Dialect>(
    sql: &'static str,
    session: &'a Session,
) -> Result<Statement<'a>, Error> {
    let (data, expires_at) = (to_json(&session.data)?, to_micros(session.expires_at));
    let user_id = session.user_id.as_deref();
    Ok(Statement::new::<D>(sql, values![&session.id_hash, data, user_id, expires_at]))
}

/// Deletes all sessions of a user.
pub fn end_sessions<D: Dialect>(user_id: &str) -> Statement<'_> {
    Statement::new::<D>("DELETE FROM sessions WHERE user_id = ?1", values![user_id])
}

/// Deletes a session.
pub fn delete_session<D: Dialect>(id_hash: &str) -> Statement<'_> {
    Statement::new::<D>("DELETE FROM sessions WHERE id_hash = ?1", values![id_hash])
}

/// Deletes the sessions that expired before.
pub fn expire_sessions<D: Dialect>(before: Timestamp) -> Statement<'static> {
    Statement::new::<D>("DELETE FROM sessions WHERE expires_at < ?1", values![to_micros(before)])
}

/// Inserts an activity.
pub fn insert_activity<D: Dialect>(activity: &Activity) -> Result<Statement<'_>, Error> {
    let sql = "INSERT INTO activities (uuid, payload, created_at) VALUES (?1, ?2, ?3)";
    let (payload, created_at) = (to_json(&activity.payload)?, to_micros(activity.created_at));
    Ok(Statement::new::<D>(sql, values![&activity.uuid, payload, created_at]))
}

/// Deletes the sessions and activities that contain a text, in any case of its ASCII letters.
pub fn forget_text<D: Dialect>(text: &str) -> [Statement<'_>; 2] {
    let sql = |table: &str, column: &str| {
        format!(
            "DELETE FROM {table} WHERE {}",
            D::contains(&format!("lower({column})"), "lower(?1)")
        )
    };
    [
        Statement::new::<D>(sql("sessions", "data"), values![text]),
        Statement::new::<D>(sql("activities", "payload"), values![text]),
    ]
}
