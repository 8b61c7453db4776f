//! The tables of the ledger, schema version 4. Rows are appended; triggers refuse `UPDATE` and
//! `DELETE`.
//!
//! There is one table per kind of event: `decisions`, `calls`, `outcomes`, `matches`,
//! `retentions`, `cache_hits`, `suppressed`, `bookings`. Each has one column per field of the row of that name in
//! [`crate::domain`], under the same name; what a row nests is flattened: who asked is `tenant`,
//! `user`, `workspace` (keyed hashes) and `client`; usage is `input_total`, `cache_read`,
//! `cache_write_5m`, `cache_write_1h`, `output_total` and `reasoning`.
//!
//! | what | stored as |
//! |---|---|
//! | ids | 16 bytes (UUIDv7, so they sort by time); `id` is the primary key |
//! | money | integer pico-USD: `cost / 1e12` is dollars. `SUM(cost)` overflows past 9.2 million dollars |
//! | times (`at`) | integer microseconds since 1970-01-01 UTC |
//! | names (`action`, `tier`, `kind`, …) | the names that the configuration and reports use |
//! | `arms`, `features` | JSON: numbers and names, no text |
//! | unknown | `NULL`, never 0 |
//!
//! `decisions.step` is 0 for the request itself and counts up along fallbacks, each of which is a
//! row with its own call. `calls.decision`, `outcomes.decision`, `matches.decision`,
//! `retentions.decision` and `cache_hits.decision` name the decision that is to be credited. An
//! outcome is unique by `completion` and `kind`, so a suggestion that is accepted twice counts
//! once; a check of retention is unique by `completion` and `after_s`, and one that was never made
//! has no row: it is unknown, not gone. No column holds source text, a prompt or a completion.
//!
//! An offer episode has one ending among `outcomes`: `accepted`, `partly-accepted`, `dismissed`,
//! `matched`, `diverged`, `replaced` or `censored`; `evidence` says how it is known and `weight`
//! how much it counts for learning. An accept has evidence `client`, or `insert` where no client
//! said anything and one edit put the suggestion there. An accept that a client reports after
//! another ending was written is a second row with the weight that is left of 1.
//!
//! A booking's `entry` is JSON: amounts (integer pico of its currency) and names. Its `id` is made
//! from what it says, so that the same file may be imported twice.
//!
//! Version 2 added `retentions`, version 3 `bookings`, version 4 an index of the calls that were made
//! beside an answer. A file of an earlier version is brought up
//! when it is opened for writing, and is read as it is by reports.
//!
//! `PRAGMA user_version` is the schema version and `PRAGMA application_id` marks the file.

/// The schema version that this program writes and the newest that it reads.
pub const VERSION: i64 = 4;

/// Marks the file as ours: `MNTL` in ASCII.
pub(super) const APPLICATION_ID: i64 = 0x4d4e_544c;

/// The tables, indexes and triggers of version 1. `PRAGMA` takes no parameters, hence the numbers.
pub(super) const VERSION_1: &str = r#"
CREATE TABLE decisions (
    id BLOB NOT NULL PRIMARY KEY,
    parent BLOB,
    step INTEGER NOT NULL,
    history_hash TEXT,
    completion BLOB NOT NULL,
    episode BLOB,
    burst BLOB NOT NULL,
    tenant TEXT,
    user TEXT,
    workspace TEXT,
    client TEXT,
    origin TEXT NOT NULL,
    "trigger" TEXT NOT NULL,
    document_version INTEGER,
    language TEXT NOT NULL,
    site TEXT NOT NULL,
    action TEXT NOT NULL,
    arm TEXT,
    tier TEXT,
    reason TEXT NOT NULL,
    propensity REAL,
    epsilon REAL,
    seed INTEGER,
    lambda REAL,
    value_per_char INTEGER,
    expected_cost INTEGER NOT NULL,
    budget_lease TEXT,
    policy TEXT NOT NULL,
    posterior TEXT,
    price_snapshot TEXT,
    feature_hash TEXT,
    at INTEGER NOT NULL,
    arms TEXT NOT NULL,
    features TEXT
) STRICT;

CREATE TABLE calls (
    id BLOB NOT NULL PRIMARY KEY,
    decision BLOB NOT NULL,
    completion BLOB NOT NULL,
    model TEXT NOT NULL,
    tier TEXT NOT NULL,
    protocol TEXT NOT NULL,
    provider_model TEXT NOT NULL,
    host TEXT NOT NULL,
    lab TEXT,
    region TEXT,
    input_total INTEGER,
    cache_read INTEGER,
    cache_write_5m INTEGER,
    cache_write_1h INTEGER,
    output_total INTEGER,
    reasoning INTEGER,
    cost INTEGER,
    price_id TEXT,
    price_snapshot TEXT,
    basis TEXT NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER,
    first_token_ms INTEGER,
    duration_ms INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE outcomes (
    id BLOB NOT NULL PRIMARY KEY,
    completion BLOB NOT NULL,
    decision BLOB NOT NULL,
    episode BLOB NOT NULL,
    kind TEXT NOT NULL,
    evidence TEXT NOT NULL,
    weight REAL,
    characters INTEGER,
    at INTEGER NOT NULL,
    UNIQUE (completion, kind)
) STRICT;

CREATE TABLE matches (
    id BLOB NOT NULL PRIMARY KEY,
    decision BLOB NOT NULL,
    completion BLOB,
    arm TEXT NOT NULL,
    offered INTEGER NOT NULL,
    exact_line INTEGER NOT NULL,
    prefix_chars INTEGER NOT NULL,
    candidate_chars INTEGER NOT NULL,
    confidence REAL,
    within_ms INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE cache_hits (
    id BLOB NOT NULL PRIMARY KEY,
    completion BLOB NOT NULL,
    decision BLOB NOT NULL,
    tenant TEXT,
    user TEXT,
    workspace TEXT,
    client TEXT,
    origin TEXT NOT NULL,
    language TEXT NOT NULL,
    layer TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE suppressed (
    id BLOB NOT NULL PRIMARY KEY,
    tenant TEXT,
    user TEXT,
    workspace TEXT,
    client TEXT,
    origin TEXT NOT NULL,
    language TEXT,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

-- A report reads one span of time; the decision's index holds all that it asks for.
CREATE INDEX decisions_by_time ON decisions (at, step, origin, arm, tier, language, site, client);
CREATE INDEX calls_by_time ON calls (at);
CREATE INDEX calls_by_decision ON calls (decision);
CREATE INDEX outcomes_by_time ON outcomes (at);
CREATE INDEX matches_by_time ON matches (at);
CREATE INDEX cache_hits_by_time ON cache_hits (at);
CREATE INDEX suppressed_by_time ON suppressed (at);

CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER calls_no_update BEFORE UPDATE ON calls BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER calls_no_delete BEFORE DELETE ON calls BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER outcomes_no_update BEFORE UPDATE ON outcomes BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER outcomes_no_delete BEFORE DELETE ON outcomes BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER matches_no_update BEFORE UPDATE ON matches BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER matches_no_delete BEFORE DELETE ON matches BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER cache_hits_no_update BEFORE UPDATE ON cache_hits BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER cache_hits_no_delete BEFORE DELETE ON cache_hits BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER suppressed_no_update BEFORE UPDATE ON suppressed BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER suppressed_no_delete BEFORE DELETE ON suppressed BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

PRAGMA application_id = 1296979020;
PRAGMA user_version = 1;
"#;

/// What leads from one version to the next: the first entry from 1 to 2. A new file takes all of
/// these steps, so it is the same as one that was brought up.
pub(super) const STEPS: &[&str] = &[
    r#"
CREATE TABLE retentions (
    id BLOB NOT NULL PRIMARY KEY,
    completion BLOB NOT NULL,
    decision BLOB NOT NULL,
    episode BLOB NOT NULL,
    after_s INTEGER NOT NULL,
    still_there INTEGER NOT NULL,
    distance REAL NOT NULL,
    kept_chars INTEGER NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (completion, after_s)
) STRICT;

CREATE INDEX retentions_by_time ON retentions (at);

CREATE TRIGGER retentions_no_update BEFORE UPDATE ON retentions BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER retentions_no_delete BEFORE DELETE ON retentions BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

PRAGMA user_version = 2;
"#,
    r#"
CREATE TABLE bookings (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    currency TEXT NOT NULL,
    reference TEXT,
    entry TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE INDEX bookings_by_time ON bookings (since);

CREATE TRIGGER bookings_no_update BEFORE UPDATE ON bookings BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER bookings_no_delete BEFORE DELETE ON bookings BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

PRAGMA user_version = 3;
"#,
    r#"
CREATE INDEX decisions_in_shadow ON decisions (at) WHERE reason = 'shadow';

PRAGMA user_version = 4;
"#,
];

/// Returns the statements that bring a file of `version` up to [`VERSION`]; 0 is a new file.
pub(super) fn statements_from(version: i64) -> impl Iterator<Item = &'static str> {
    let all = std::iter::once(VERSION_1).chain(STEPS.iter().copied());
    all.skip(usize::try_from(version).unwrap_or(0))
}

/// The tables of this version.
pub const TABLES: &[&str] = &[
    "decisions",
    "calls",
    "outcomes",
    "matches",
    "retentions",
    "cache_hits",
    "suppressed",
    "bookings",
];

/// Returns the tables that a file of `version` has.
pub(super) fn tables_of(version: i64) -> impl Iterator<Item = &'static str> {
    let is_there = move |table: &&str| match *table {
        "retentions" => version >= 2,
        "bookings" => version >= 3,
        _ => true,
    };
    TABLES.iter().copied().filter(is_there)
}

const _: () = assert!(APPLICATION_ID == 1_296_979_020 && VERSION == 1 + STEPS.len() as i64);
