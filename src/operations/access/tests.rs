use std::sync::Arc;

use super::*;
use crate::clock::{DAY, MINUTE, ManualClock, Timestamp};
use crate::operations::{Options, Workspace};

const PASSWORD: &str = "correct horse battery";

fn workspace() -> (tempfile::TempDir, Arc<ManualClock>, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp::parse("2026-01-05T09:00:00Z").unwrap()));
    let ws = Workspace::open(folder.path(), None, clock.clone(), Options::default()).unwrap();
    (folder, clock, ws)
}

fn later(clock: &ManualClock, ws: &Workspace, micros: i64) {
    clock.set(ws.now().plus(micros));
}

#[test]
fn a_key_works_until_it_expires_or_is_withdrawn_and_its_secret_is_kept_nowhere() {
    let (folder, clock, ws) = workspace();
    let (row, shown) = key::create(&ws, "shop", Role::Ingest, Some(ws.now().plus(DAY)), "ann").unwrap();
    assert_eq!(key::authenticate(&ws, &shown).unwrap().unwrap().id, row.id);
    for wrong in ["", "vzk_", "vzk_1_x", &shown[..shown.len() - 1], &format!("{shown}A"), &shown.replace("vzk_", "")] {
        assert!(key::authenticate(&ws, wrong).unwrap().is_none(), "{wrong}");
    }
    let secret = shown.rsplit_once(&format!("{}_", row.id)).unwrap().1;
    let files = std::fs::read_dir(folder.path()).unwrap().flatten();
    for file in files.filter(|file| file.path().is_file()) {
        let bytes = std::fs::read(file.path()).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
    let (other, second) = key::create(&ws, "till", Role::Ingest, None, "ann").unwrap();
    key::revoke(&ws, other.id, "ann").unwrap();
    assert!(key::authenticate(&ws, &second).unwrap().is_none());
    assert!(key::revoke(&ws, other.id, "ann").is_err());
    later(&clock, &ws, DAY);
    assert!(key::authenticate(&ws, &shown).unwrap().is_none());
}

#[test]
fn a_new_password_ends_every_session_and_a_disabled_user_stays_out() {
    let (_folder, _clock, ws) = workspace();
    user::create(&ws, "Ann@Example.com", Role::Marketer, PASSWORD, "cli").unwrap();
    assert!(user::create(&ws, "ann@example.com", Role::Viewer, PASSWORD, "cli").is_err(), "taken");
    let Login::Welcome(token) = session::log_in(&ws, " ann@example.COM ", PASSWORD).unwrap() else { panic!("refused") };
    let found = session::find(&ws, &token).unwrap().unwrap();
    assert_eq!((found.email.as_str(), found.role), ("ann@example.com", Role::Marketer));

    user::set_password(&ws, "ann@example.com", "another long one", "cli").unwrap();
    assert!(session::find(&ws, &token).unwrap().is_none());
    assert!(matches!(session::log_in(&ws, "ann@example.com", PASSWORD).unwrap(), Login::Refused));
    let Login::Welcome(token) = session::log_in(&ws, "ann@example.com", "another long one").unwrap() else {
        panic!("refused")
    };
    user::disable(&ws, "ann@example.com", "cli").unwrap();
    assert!(session::find(&ws, &token).unwrap().is_none());
    assert!(matches!(session::log_in(&ws, "ann@example.com", "another long one").unwrap(), Login::Refused));
}

#[test]
fn after_five_failures_an_account_waits_a_minute_whether_it_exists_or_not() {
    let (_folder, clock, ws) = workspace();
    user::create(&ws, "ann@example.com", Role::Admin, PASSWORD, "cli").unwrap();
    for email in ["ann@example.com", "nobody@example.com"] {
        for _ in 0..session::FAILURES_A_MINUTE {
            assert!(matches!(session::log_in(&ws, email, "wrong password").unwrap(), Login::Refused));
        }
        assert!(matches!(session::log_in(&ws, email, PASSWORD).unwrap(), Login::Wait));
    }
    later(&clock, &ws, MINUTE);
    assert!(matches!(session::log_in(&ws, "ann@example.com", PASSWORD).unwrap(), Login::Welcome(_)));
}

#[test]
fn a_session_ends_by_itself_and_when_one_logs_out() {
    let (_folder, clock, ws) = workspace();
    user::create(&ws, "ann@example.com", Role::Admin, PASSWORD, "cli").unwrap();
    let log_in = || match session::log_in(&ws, "ann@example.com", PASSWORD).unwrap() {
        Login::Welcome(token) => token,
        other => panic!("{other:?}"),
    };
    let first = log_in();
    session::log_out(&ws, &first).unwrap();
    assert!(session::find(&ws, &first).unwrap().is_none());
    let second = log_in();
    later(&clock, &ws, session::SESSION);
    assert!(session::find(&ws, &second).unwrap().is_none());
}

#[test]
fn what_cannot_be_a_user_or_key_is_refused_with_every_fault() {
    let (_folder, _clock, ws) = workspace();
    let error = user::create(&ws, "ann", Role::Ingest, "short", "cli").unwrap_err();
    let keys: Vec<&str> = error.fault_list().iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(keys, ["password", "email", "role"]);
    assert_eq!(key::create(&ws, " ", Role::Admin, Some(ws.now()), "x").unwrap_err().fault_list().len(), 2);
}
