//! A camera sends frames to three viewers. No process copies a frame.
//!
//! The camera writes each frame into its slot (`loan`), and each viewer reads it there (`recv_ref`). The slot is not
//! overwritten before every viewer has dropped its frame. So a slow viewer slows the camera, and loses nothing.
//!
//! ```console
//! $ cargo run --release --example frames
//! camera: 60 frames of 640 × 480 bytes, brightness 130.44
//! viewer 1: 60 frames of 640 × 480 bytes, brightness 130.44
//! viewer 3: 60 frames of 640 × 480 bytes, brightness 130.44
//! viewer 2: 60 frames of 640 × 480 bytes, brightness 130.44
//! ```

use ackcast::{Channel, Consumer, Producer, RecvError};
use std::error::Error;
use std::process::Command;
use std::{env, process};

const WIDTH: usize = 640;
const HEIGHT: usize = 480;
const FRAMES: u64 = 60;
const VIEWERS: u32 = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    match (arguments.next(), arguments.next()) {
        (Some(number), Some(name)) => view(&number, &name),
        _ => film(&format!("frames-{}", process::id())),
    }
}

/// The camera: films a gradient that moves down by a row with each frame.
fn film(name: &str) -> Result<(), Box<dyn Error>> {
    let frame_size = (WIDTH * HEIGHT) as u32;
    let _channel = Channel::create(name).slots(4).slot_size(frame_size).consumers(VIEWERS).build()?;
    let mut camera = Producer::attach(name)?;
    let start = |number: u32| Command::new(env::current_exe()?).args([&number.to_string(), name]).spawn();
    let viewers = (1..=VIEWERS).map(start).collect::<Result<Vec<_>, _>>()?;

    let mut light = 0;
    for _ in 0..FRAMES {
        let mut frame = camera.loan()?;
        let moved = frame.sequence() as usize;
        for (row, pixels) in frame.chunks_exact_mut(WIDTH).enumerate() {
            pixels.fill((row + moved) as u8);
        }
        light += brightness(&frame);
        frame.publish(WIDTH * HEIGHT)?;
    }
    camera.finish()?;
    report("camera", FRAMES, light);
    for mut viewer in viewers {
        if !viewer.wait()?.success() {
            return Err("a viewer failed".into());
        }
    }
    Ok(())
}

fn view(number: &str, name: &str) -> Result<(), Box<dyn Error>> {
    let mut camera = Consumer::attach(name)?;
    let (mut frames, mut light) = (0, 0);
    loop {
        match camera.recv_ref() {
            Ok(frame) => light += brightness(&frame), // in its slot; acknowledged here, when it is dropped
            Err(RecvError::Ended) => break,
            Err(error) => return Err(error.into()),
        }
        frames += 1;
    }
    report(&format!("viewer {number}"), frames, light);
    Ok(())
}

/// The sum of a frame's pixels.
fn brightness(frame: &[u8]) -> u64 {
    frame.iter().map(|&pixel| u64::from(pixel)).sum()
}

fn report(process: &str, frames: u64, light: u64) {
    let pixels = frames * (WIDTH * HEIGHT) as u64;
    println!("{process}: {frames} frames of {WIDTH} × {HEIGHT} bytes, brightness {:.2}", light as f64 / pixels as f64);
}
