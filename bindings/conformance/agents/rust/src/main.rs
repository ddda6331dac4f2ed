//! The Rust agent: reads requests, one in a line, calls the library, and answers each in a line.

mod channel;
mod event;
mod failure;
mod fork;
mod formula;
mod handles;
mod layout;
mod lie;
mod receive;
mod send;
mod stream;
mod wire;

use failure::Failure;
use formula::Formula;
use handles::Handles;
use std::io::{BufRead as _, Write as _};
use wire::{Line, Misuse};

fn answer(handles: &mut Handles, formula: &Formula, request: &Line) -> Result<Line, Failure> {
    match request.verb.as_str() {
        "hello" => Ok(Line::new("ok").with("language", "rust").with("pid", std::process::id())),
        "reset" => {
            handles.0.clear();
            Ok(Line::new("ok"))
        }
        "layout" => layout::layout(request),
        "list" => channel::list(),
        "create" | "open_or_create" => channel::create(handles, request),
        "open" => channel::open(handles, request),
        "stats" => channel::stats(handles, request),
        "producer" => channel::producer(handles, request),
        "consumer" => channel::consumer(handles, request),
        "close" => channel::close(handles, request),
        "send" => send::send(handles, request),
        "try_send" => send::try_send(handles, request),
        "send_batch" => send::send_batch(handles, request),
        "loan" => send::loan(handles, request),
        "write" => send::write(handles, request),
        "publish" => send::end_loan(handles, request, true),
        "abandon" => send::end_loan(handles, request, false),
        "finish" => send::finish(handles, request),
        "drain" => send::drain(handles, request),
        "recv" => receive::recv(handles, request),
        "try_recv" => receive::try_recv(handles, request),
        "recv_batch" => receive::recv_batch(handles, request),
        "borrow" => receive::borrow(handles, request),
        "look" => receive::look(handles, request),
        "release" => receive::release(handles, request),
        "produce" => stream::produce(handles, request, formula),
        "consume" => stream::consume(handles, request, formula),
        "event_produce" => event::produce(request, formula),
        "event_consume" => event::consume(request, formula),
        "fork" => fork::fork(handles, request),
        other => Err(Misuse(format!("no verb: {other}")).into()),
    }
}

fn main() -> std::io::Result<()> {
    let (mut handles, formula) = (Handles::default(), Formula::default());
    let mut out = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let result = match Line::parse(&line?) {
            Ok(request) => answer(&mut handles, &formula, &request),
            Err(misuse) => Err(misuse.into()),
        };
        writeln!(out, "{}", lie::answered(result.unwrap_or_else(Failure::line)))?;
        out.flush()?;
    }
    Ok(())
}
