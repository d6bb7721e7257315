//! One connection's task: moves bytes between the socket, the state machine and the back end.
//!
//! A hand-written future instead of `select!`, because everything it waits for lives as long as the
//! connection and must not be made anew for each frame. Each turn does what can be done now; with nothing
//! left it waits for a waker. Input is read only when it can be dealt with at once, deliveries are fetched
//! only while the outbound buffer has room.

mod calls;
mod clock;
mod flow;
mod outbound;
mod socket;
mod subscriptions;

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::BytesMut;
use futures::future::BoxFuture;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use self::{calls::Reply, clock::Clock, outbound::Outbound, subscriptions::Subscriptions};
use crate::{
    backend::Session,
    codec::FrameDecoder,
    connection::{Effect, Machine, Settlement},
    delivery::Batch,
    metrics::{Readings, Tally},
    registry::{Admission, UserPermit},
    reply::Closure,
    server::Shared,
};

/// Deliveries fetched from one subscription at a time, before others have their turn.
const BATCH_MAX: usize = 128;

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// By the closing dance.
    Closed,
    /// The peer went away.
    PeerGone,
    /// Handshake or closing took too long.
    Deadline,
    /// No sign of life for two heartbeat intervals.
    Silence,
    /// The peer does not read.
    Stall,
    /// The socket failed.
    Io(io::ErrorKind),
}

/// One connection.
pub(crate) struct Driver<S> {
    io: S,
    peer: SocketAddr,
    shared: Arc<Shared>,
    machine: Machine,
    decoder: FrameDecoder,
    inbound: BytesMut,
    /// `inbound` may hold a whole frame that could not be taken yet.
    backlog: bool,
    outbound: Outbound,
    frame_max: usize,
    stage: Stage,
    subscriptions: Subscriptions,
    batch: Batch,
    effects: Vec<Effect>,
    settlements: Vec<Settlement>,
    call: Option<BoxFuture<'static, Reply>>,
    session: Option<Arc<dyn Session>>,
    revoked: Option<BoxFuture<'static, Closure>>,
    shutdown: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    clock: Clock,
    readings: Readings,
    tally: Tally,
    user: Option<UserPermit>,
    admission: Admission,
}

/// What is left to do with the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Stage {
    /// Bytes wait, here or in TLS, and the clock knows since when.
    writing: bool,
    /// Bytes were written but not flushed (TLS keeps some).
    unflushed: bool,
    /// How near the end is.
    life: Life,
    /// The peer has shut its writing half.
    peer_done: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Life {
    #[default]
    Open,
    /// Input is thrown away; after the last byte out the socket is shut down.
    HangingUp,
    /// The writing half is shut.
    Shut,
}

impl Stage {
    fn hanging_up(self) -> bool {
        self.life != Life::Open
    }
}

impl<S> Driver<S> {
    /// A connection that must be established before `deadline` and is asked to close by `shutdown`.
    pub(crate) fn new(
        io: S,
        peer: SocketAddr,
        shared: Arc<Shared>,
        admission: Admission,
        deadline: Instant,
        shutdown: CancellationToken,
    ) -> Self {
        let limits = &shared.limits;
        let machine = Machine::new(Arc::clone(limits), Arc::clone(&shared.identity), rand::random());
        Self {
            io,
            peer,
            machine,
            decoder: FrameDecoder::new(limits.handshake_frame_max),
            inbound: BytesMut::new(),
            backlog: false,
            outbound: Outbound::default(),
            frame_max: 0,
            stage: Stage::default(),
            subscriptions: Subscriptions::default(),
            batch: Batch::new(0, 0),
            effects: Vec::new(),
            settlements: Vec::new(),
            call: None,
            session: None,
            revoked: None,
            shutdown: Some(Box::pin(shutdown.cancelled_owned())),
            clock: Clock::new(deadline, limits.write_stall),
            readings: Readings::default(),
            tally: Tally::new(Arc::clone(&shared.metrics)),
            user: None,
            admission,
            shared,
        }
    }

    /// The authenticated user, for the log.
    fn username(&self) -> &str {
        self.machine.username()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Driver<S> {
    type Output = End;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<End> {
        let this = self.get_mut();
        this.subscriptions.register(context.waker());
        let end = this.run(context);
        this.publish();
        match end {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    /// Turns until nothing can be done. The clock comes first: a peer that never pauses must not outrun a
    /// deadline.
    fn run(&mut self, context: &mut Context<'_>) -> Result<(), End> {
        self.poll_clock(context)?;
        while self.turn(context)? || self.poll_clock(context)? {}
        Ok(())
    }

    /// Does what can be done; whether that was anything.
    fn turn(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        let mut progress = self.poll_orders(context);
        progress |= self.poll_call(context);
        progress |= self.poll_input(context)?;
        progress |= self.poll_deliveries(context);
        progress |= self.poll_output(context)?;
        Ok(progress)
    }
}
