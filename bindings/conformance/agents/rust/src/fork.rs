//! A child process that inherits a handle, and attaches one of its own.

use crate::channel;
use crate::failure::Failure;
use crate::handles::{Handle, Handles};
use crate::wire::Line;
use crate::{receive, send};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{FromRawFd as _, OwnedFd};

/// After this many seconds the kernel ends a child that hangs.
const LIFETIME: u32 = 20;

/// What became of a request: `ok`, or the error's name.
fn outcome(answer: Result<Line, Failure>) -> String {
    match answer {
        Ok(_) => "ok".to_owned(),
        Err(failure) => {
            let line = failure.line();
            line.get("name").or(line.get("text")).unwrap_or_default().to_owned()
        }
    }
}

/// What the child does. With `lent=1` it only drops the inherited handle, which lends a slot or a message. Otherwise
/// it uses the inherited handle, drops it, attaches anew and uses the new handle.
fn child(handles: &mut Handles, request: &Line) -> Result<Line, Failure> {
    let (id, name) = (request.text("id")?, request.text("name")?);
    if request.flag("lent") {
        return Ok(Line::new("ok").with("closed", outcome(channel::close(handles, request))));
    }
    let is_producer = matches!(handles.0.get(id), Some(Handle::Sender(_)));
    let used = |id: &str| Line::new("use").with("id", id).with("data", "6368696c64").with("timeout", 10);
    let mut operate = |id: &str| match is_producer {
        true => outcome(send::send(handles, &used(id))),
        false => outcome(receive::recv(handles, &used(id))),
    };
    let inherited = operate(id);
    let attach = Line::new("attach").with("id", "anew").with("name", name).with("start", "oldest");
    let closed = outcome(channel::close(handles, &Line::new("close").with("id", id)));
    let attached = outcome(match is_producer {
        true => channel::producer(handles, &attach),
        false => channel::consumer(handles, &attach),
    });
    let anew = match is_producer {
        true => outcome(send::send(handles, &used("anew"))),
        false => outcome(receive::recv(handles, &used("anew"))),
    };
    drop(handles.0.remove("anew"));
    let line = Line::new("ok").with("inherited", inherited).with("closed", closed);
    Ok(line.with("attached", attached).with("anew", anew))
}

/// Forks, and answers what the child reports.
pub fn fork(handles: &mut Handles, request: &Line) -> Result<Line, Failure> {
    let mut ends = [0; 2];
    // SAFETY: `ends` is memory for two descriptors.
    if unsafe { libc::pipe(ends.as_mut_ptr()) } != 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    // SAFETY: the descriptor is new, and no other value owns it.
    let (reading, writing) = unsafe { (ends[0], OwnedFd::from_raw_fd(ends[1])) };
    // SAFETY: as above.
    let mut reading = File::from(unsafe { OwnedFd::from_raw_fd(reading) });
    // SAFETY: no other thread of this process holds a lock that the child needs: the library's own thread has handlers
    // for forks, and the agent has no other thread.
    match unsafe { libc::fork() } {
        -1 => Err(std::io::Error::last_os_error().into()),
        0 => {
            // SAFETY: only sets a timer of this process.
            unsafe { libc::alarm(LIFETIME) };
            let answer = child(handles, request).unwrap_or_else(Failure::line);
            let written = File::from(writing).write_all(answer.to_string().as_bytes());
            // SAFETY: ends the child, which runs no destructor of what it has inherited.
            unsafe { libc::_exit(i32::from(written.is_err())) }
        }
        pid => {
            drop(writing);
            let mut answer = String::new();
            reading.read_to_string(&mut answer)?;
            let mut status = 0;
            // SAFETY: `status` is memory for the status of this process's child.
            unsafe { libc::waitpid(pid, &raw mut status, 0) };
            Ok(Line::parse(&answer)?.with("status", status))
        }
    }
}
