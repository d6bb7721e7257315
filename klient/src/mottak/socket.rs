//! Ends a connection attempt that was given up.
//!
//! The AMQP library runs each connection on a thread of its own and waits for a silent server without limit. Closing
//! the socket under it is the one thing that ends the thread.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;

use parking_lot::Mutex;
use socket2::Socket;

/// The socket of the attempt, once there is one. Shared with the thread that opens it.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched(Arc<Mutex<State>>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Opening,
    Open(Socket),
    GivenUp,
    Connected,
}

impl Watched {
    /// Notes the open socket. Fails when the attempt has been given up meanwhile.
    pub(super) fn opened(&self, socket: &Socket) -> io::Result<()> {
        let mut state = self.0.lock();
        if matches!(*state, State::GivenUp) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        *state = State::Open(socket.try_clone()?);
        Ok(())
    }
}

/// Shuts the socket down when dropped before [`Guard::connected`].
#[derive(Debug, Default)]
pub(super) struct Guard(Watched);

impl Guard {
    pub(super) fn watched(&self) -> Watched {
        self.0.clone()
    }

    /// The attempt has succeeded: the AMQP library looks after its socket from here on.
    pub(super) fn connected(&self) {
        *self.0.0.lock() = State::Connected;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut state = self.0.0.lock();
        if let State::Open(socket) = &*state {
            // It may be closed already, which is as good.
            drop(socket.shutdown(Shutdown::Both));
        }
        if !matches!(*state, State::Connected) {
            *state = State::GivenUp;
        }
    }
}

/// The TCP socket under a connection, TLS or not.
macro_rules! socket_of {
    ($stream:expr) => {
        match $stream {
            lapin::AsyncTcpStream::Plain(stream) => Some(socket2::SockRef::from(stream.get_ref())),
            lapin::AsyncTcpStream::Rustls(stream) => {
                Some(socket2::SockRef::from(stream.get_ref().0.get_ref()))
            }
            _ => None,
        }
    };
}
pub(super) use socket_of;
