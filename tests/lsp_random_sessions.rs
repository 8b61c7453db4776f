//! No input can bring the server down: random sessions, held to the laws of the wire.
//!
//! `make soak` plays the same sessions for longer, and lets a coverage-guided fuzzer look for them.

#[path = "support/random_session.rs"]
mod random_session;
#[path = "support/session_laws.rs"]
mod session_laws;

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

/// Panics on any thread: the server would catch one of a handler and go on.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    static COUNTING: Once = Once::new();
    COUNTING.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.fetch_add(1, Ordering::SeqCst);
            usual(panic);
        }));
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_request_is_answered_once_and_completions_work_afterwards(
        bytes in prop::collection::vec(any::<u8>(), 0..1_500),
    ) {
        count_panics();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let played = runtime.block_on(session_laws::play(random_session::session(&bytes)));
        runtime.shutdown_background();
        prop_assert_eq!(played, Ok(()));
        prop_assert_eq!(PANICS.load(Ordering::SeqCst), 0);
    }
}
