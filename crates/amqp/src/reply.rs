//! Reply codes of AMQP 0-9-1 and the reasons an endpoint gives when it closes something.
//!
//! Numbers and names are those of the protocol's constants (specification 1.2 and RabbitMQ's
//! `amqp-rabbitmq-0.9.1`). A *hard* code closes the connection, a *soft* one only the channel.

use std::borrow::Cow;

use amq_protocol::types::ShortString;

/// Longest reply text on the wire, in bytes (a short string).
const TEXT_MAX: usize = 255;

macro_rules! reply_codes {
    ($($(#[$meta:meta])* $variant:ident = $number:literal, $name:literal, $hard:literal;)+) => {
        /// Why a channel or connection is closed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ReplyCode {
            $($(#[$meta])* $variant,)+
        }

        impl ReplyCode {
            /// The number sent on the wire.
            pub const fn number(self) -> u16 {
                match self { $(Self::$variant => $number,)+ }
            }

            /// The upper-case name that starts each reply text, as RabbitMQ writes it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Whether the code ends the whole connection.
            pub const fn is_hard(self) -> bool {
                match self { $(Self::$variant => $hard,)+ }
            }
        }
    };
}

reply_codes! {
    /// A message does not fit what the client negotiated.
    ContentTooLarge = 311, "CONTENT_TOO_LARGE", false;
    /// The operator or the back end ended the connection.
    ConnectionForced = 320, "CONNECTION_FORCED", true;
    /// Credentials or rights are missing.
    AccessRefused = 403, "ACCESS_REFUSED", false;
    /// No such queue.
    NotFound = 404, "NOT_FOUND", false;
    /// Somebody else holds the queue exclusively.
    ResourceLocked = 405, "RESOURCE_LOCKED", false;
    /// The request does not fit the state, for example an unknown delivery tag.
    PreconditionFailed = 406, "PRECONDITION_FAILED", false;
    /// Bytes that are no frame.
    FrameError = 501, "FRAME_ERROR", true;
    /// A frame whose arguments cannot be read.
    SyntaxError = 502, "SYNTAX_ERROR", true;
    /// A method that does not exist or does not belong there.
    CommandInvalid = 503, "COMMAND_INVALID", true;
    /// A frame for a channel that is not open, or in the wrong state.
    ChannelError = 504, "CHANNEL_ERROR", true;
    /// A content frame where none is expected.
    UnexpectedFrame = 505, "UNEXPECTED_FRAME", true;
    /// The endpoint lacks resources.
    ResourceError = 506, "RESOURCE_ERROR", true;
    /// Forbidden by policy or by a limit.
    NotAllowed = 530, "NOT_ALLOWED", true;
    /// The endpoint does not do this.
    NotImplemented = 540, "NOT_IMPLEMENTED", true;
    /// The endpoint or its back end failed.
    InternalError = 541, "INTERNAL_ERROR", true;
}

impl ReplyCode {
    /// The reply text `NAME - explanation`, cut to what a short string holds.
    pub fn text(self, explanation: &str) -> ShortString {
        let mut text = format!("{} - {explanation}", self.name());
        text.truncate(text.floor_char_boundary(TEXT_MAX));
        ShortString::try_new(text).unwrap_or_default()
    }
}

/// Why the back end wants a connection closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// Sent as reply code. Typically [`ReplyCode::ConnectionForced`] or [`ReplyCode::AccessRefused`].
    pub code: ReplyCode,
    /// Plain English, shown to the client's developer after the code's name.
    pub explanation: Cow<'static, str>,
}

impl Closure {
    /// A closure with this code and explanation.
    pub fn new(code: ReplyCode, explanation: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            explanation: explanation.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_starts_with_the_name_of_the_code() {
        assert_eq!(
            ReplyCode::NotFound.text("no queue 'q'").as_str(),
            "NOT_FOUND - no queue 'q'"
        );
    }

    #[test]
    fn text_never_exceeds_a_short_string_nor_splits_a_character() {
        for padding in 0..4 {
            let long = format!("{}{}", "x".repeat(padding), "æ".repeat(300));
            let text = ReplyCode::NotFound.text(&long);
            assert!(text.as_str().len() <= TEXT_MAX && text.as_str().len() >= TEXT_MAX - 1);
        }
    }
}
