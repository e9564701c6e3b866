//! What others may see of this process's memory.

/// From here on no core dump holds this process's memory, and no other process of the account may look into it.
///
/// For programs that open a key: what is in memory then would open it for anybody who reads it. On Linux also debuggers
/// are kept out; other systems have only the bound on dumps, or neither. There is no way back.
///
/// # Errors
/// What the system says.
pub fn hide_memory() -> crate::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).map_err(std::io::Error::from)?;
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(std::io::Error::from)?;
    }
    Ok(())
}
