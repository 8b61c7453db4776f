//! Standard input and output, without a thread between them and the loop where that is possible.
//!
//! Editors connect a server through pipes or sockets, which the system can watch: a frame is then
//! read and written by the loop itself. Anything else, such as a file or a terminal, is read and
//! written on threads of their own, which costs two changes of threads for every message.

use std::fs::File;
use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

/// Returns standard input. Call it within a runtime.
///
/// A pipe or socket is set to non-blocking, as is everybody's end that was duplicated from ours.
///
/// # Errors
/// Standard input is not open.
pub fn standard_input() -> io::Result<Box<dyn AsyncRead + Send + Unpin>> {
    #[cfg(unix)]
    if let Some(watched) = watched::input()? {
        return Ok(watched);
    }
    Ok(Box::new(tokio::io::stdin()))
}

/// Returns standard output, unbuffered: a frame is one write. Call it within a runtime.
///
/// # Errors
/// Standard output is not open.
pub fn standard_output() -> io::Result<Box<dyn AsyncWrite + Send + Unpin>> {
    #[cfg(unix)]
    if let Some(watched) = watched::output()? {
        return Ok(watched);
    }
    // The line buffer of `std` would send a frame in two parts.
    #[cfg(unix)]
    let output = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?;
    #[cfg(windows)]
    let output = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned()?;
    Ok(Box::new(tokio::fs::File::from_std(File::from(output))))
}

#[cfg(unix)]
mod watched {
    use std::fs::File;
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::fs::FileTypeExt;
    use std::os::unix::net::UnixStream as StdStream;

    use tokio::io::{AsyncRead, AsyncWrite};
    use tokio::net::UnixStream;
    use tokio::net::unix::pipe::{Receiver, Sender};

    /// What the system can tell us about when there is something to read or room to write.
    enum Kind {
        Pipe(OwnedFd),
        Socket(OwnedFd),
        Other,
    }

    fn kind(stream: impl AsFd) -> io::Result<Kind> {
        let file = File::from(stream.as_fd().try_clone_to_owned()?);
        let kind = file.metadata()?.file_type();
        let descriptor = OwnedFd::from(file);
        Ok(if kind.is_fifo() {
            Kind::Pipe(descriptor)
        } else if kind.is_socket() {
            Kind::Socket(descriptor)
        } else {
            Kind::Other
        })
    }

    fn socket(descriptor: OwnedFd) -> io::Result<UnixStream> {
        let stream = StdStream::from(descriptor);
        stream.set_nonblocking(true)?;
        UnixStream::from_std(stream)
    }

    pub(super) fn input() -> io::Result<Option<Box<dyn AsyncRead + Send + Unpin>>> {
        Ok(match kind(io::stdin())? {
            Kind::Pipe(descriptor) => Some(Box::new(Receiver::from_owned_fd(descriptor)?)),
            Kind::Socket(descriptor) => Some(Box::new(socket(descriptor)?)),
            Kind::Other => None,
        })
    }

    pub(super) fn output() -> io::Result<Option<Box<dyn AsyncWrite + Send + Unpin>>> {
        Ok(match kind(io::stdout())? {
            Kind::Pipe(descriptor) => Some(Box::new(Sender::from_owned_fd(descriptor)?)),
            Kind::Socket(descriptor) => Some(Box::new(socket(descriptor)?)),
            Kind::Other => None,
        })
    }
}
