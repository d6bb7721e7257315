//! What a client says, as payloads of method frames.

/// `connection.start-ok` by PLAIN, from a client that knows of cancelled consumers or not.
///
/// # Panics
/// Never: the table is short.
#[must_use]
pub fn start_ok(knows_cancel: bool) -> Vec<u8> {
    let flag = [short("consumer_cancel_notify"), vec![b't', knows_cancel.into()]].concat();
    let capabilities = [short("capabilities"), vec![b'F'], long(&flag)].concat();
    let (mechanism, response, locale) = (short("PLAIN"), long(b"\0user\0password token"), short("en_US"));
    [
        vec![0, 10, 0, 11],
        long(&capabilities),
        mechanism,
        response,
        locale,
    ]
    .concat()
}

/// `connection.tune-ok` with the server's values.
pub const TUNE_OK: [u8; 12] = [0, 10, 0, 31, 0, 0, 0, 0, 0, 0, 0, 60];

/// `connection.open` of the only virtual host.
pub const OPEN: [u8; 8] = [0, 10, 0, 40, 1, b'/', 0, 0];

/// `channel.open`.
pub const CHANNEL_OPEN: [u8; 5] = [0, 20, 0, 10, 0];

/// `channel.close` with code 0.
pub const CHANNEL_CLOSE: [u8; 11] = [0, 20, 0, 40, 0, 0, 0, 0, 0, 0, 0];

/// `channel.close-ok`.
pub const CHANNEL_CLOSE_OK: [u8; 4] = [0, 20, 0, 41];

/// `channel.flow`.
#[must_use]
pub fn flow(active: bool) -> Vec<u8> {
    vec![0, 20, 0, 20, active.into()]
}

/// `basic.qos` with a small prefetch.
#[must_use]
pub fn qos(count: u8, global: bool) -> Vec<u8> {
    vec![0, 60, 0, 10, 0, 0, 0, 0, 0, count, global.into()]
}

/// `basic.consume` of the queue `q`, with a tag of one letter and the options as bits.
#[must_use]
pub fn consume(tag: u8, bits: u8) -> Vec<u8> {
    let tag = [1, b'a' + tag % 4];
    [
        &[0, 60, 0, 20, 0, 0, 1, b'q'][..],
        &tag,
        &[bits & 0xF, 0, 0, 0, 0],
    ]
    .concat()
}

/// `basic.cancel` of the same tags.
#[must_use]
pub fn cancel(tag: u8, no_wait: bool) -> Vec<u8> {
    vec![0, 60, 0, 30, 1, b'a' + tag % 4, no_wait.into()]
}

/// `basic.ack` (80), `basic.reject` (90) or `basic.nack` (120).
#[must_use]
pub fn settle(method: u8, tag: u64, bits: u8) -> Vec<u8> {
    [&[0, 60, 0, method][..], &tag.to_be_bytes(), &[bits & 3]].concat()
}

fn short(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("a short text");
    [&[length], text.as_bytes()].concat()
}

fn long(octets: &[u8]) -> Vec<u8> {
    let length = u32::try_from(octets.len()).expect("a short table");
    [&length.to_be_bytes(), octets].concat()
}
