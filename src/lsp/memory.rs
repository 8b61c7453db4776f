//! How the server's memory is kept together.

/// Starts this program again with one arena for all its threads, where the allocator is glibc's;
/// does nothing where that is done, or cannot be.
///
/// Trees are made on one thread and given back on another. With an arena for each thread, which is
/// glibc's default, both keep what the other gave back: after a few hundred documents a session
/// held twice the memory that it used. The allocator takes this setting from the environment and
/// nowhere else, and starting again takes less than a millisecond.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn keep_to_one_arena() {
    use std::os::unix::process::CommandExt;

    const SETTING: &str = "MALLOC_ARENA_MAX";
    if std::env::var_os(SETTING).is_some() {
        return;
    }
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    // Returns only where it failed, and then this process is as good.
    let _failed = std::process::Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(SETTING, "1")
        .exec();
}

/// Other allocators need no such help.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_to_one_arena() {}
