//! Writes the first inputs of `frames`: `cargo run --example corpus`. Those of `machine` were found by the fuzzer.

use std::fs;
use std::path::Path;

use fiks_amqp::codec::frame::PROTOCOL_HEADER;
use fiks_amqp_fuzz as say;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/frames");
    fs::create_dir_all(&folder)?;
    let shake = [
        PROTOCOL_HEADER.to_vec(),
        frame(1, 0, &say::start_ok(true)),
        frame(1, 0, &say::TUNE_OK),
        frame(1, 0, &say::OPEN),
    ];
    let work = [
        PROTOCOL_HEADER.to_vec(),
        frame(1, 1, &say::CHANNEL_OPEN),
        frame(1, 1, &say::qos(3, false)),
        frame(1, 1, &say::consume(0, 0)),
        frame(8, 0, &[]),
        frame(1, 1, &say::settle(80, 1, 1)),
        frame(1, 1, &say::settle(120, 2, 2)),
        frame(1, 1, &say::cancel(0, false)),
        frame(1, 1, &say::CHANNEL_CLOSE),
    ];
    fs::write(folder.join("handshake"), shake.concat())?;
    fs::write(folder.join("work"), work.concat())
}

fn frame(kind: u8, channel: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    [&[kind, 0, channel], &length[..], payload, &[206]].concat()
}
