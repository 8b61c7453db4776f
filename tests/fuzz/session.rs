//! Looks for a session that breaks a law of the wire, or makes any handler panic: the server would
//! catch that panic and go on, here it ends the search.

#![no_main]

#[path = "../support/random_session.rs"]
mod random_session;
#[path = "../support/session_laws.rs"]
mod session_laws;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let played = runtime.block_on(session_laws::play(random_session::session(bytes)));
    runtime.shutdown_background();
    if let Err(law) = played {
        panic!("{law}");
    }
});
