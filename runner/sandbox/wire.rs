//! Messages over a socket: a length, JSON, and descriptors beside them.

use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::cmsg_space;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// No message is longer: a plan holds an environment and a few dozen paths.
const LONGEST: u32 = 16 << 20;
/// No message carries more descriptors (`SCM_MAX_FD` of the kernel): trees and places come together.
const MOST_DESCRIPTORS: usize = 253;

/// Sends one message with descriptors.
pub(crate) fn send(
    socket: &UnixStream,
    message: &impl Serialize,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len())
        .ok()
        .filter(|length| *length <= LONGEST)
        .ok_or(io::ErrorKind::FileTooLarge)?;
    let raw: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let rights = if raw.is_empty() { &[][..] } else { &rights };
    let head = length.to_ne_bytes();
    // Without MSG_NOSIGNAL a dead reader would end the runner by SIGPIPE.
    let flags = MsgFlags::MSG_NOSIGNAL;
    let sent = sendmsg::<()>(
        socket.as_raw_fd(),
        // Together, so that the reader is woken once.
        &[IoSlice::new(&head), IoSlice::new(&body)],
        rights,
        flags,
        None,
    )?;
    let mut socket = socket;
    socket.write_all(&head[sent.min(head.len())..])?;
    socket.write_all(&body[sent.saturating_sub(head.len())..])
}

/// Sends a message to a sandbox. One that is gone has said why, and whoever waits for it reads that.
pub(crate) fn tell(
    socket: &UnixStream,
    message: &impl Serialize,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    match send(socket, message, descriptors) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Receives one message; `None` when the other side is gone.
pub(crate) fn receive<T: DeserializeOwned>(
    socket: &UnixStream,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let Some((body, descriptors)) = receive_text(socket)? else {
        return Ok(None);
    };
    Ok(Some((serde_json::from_slice(&body)?, descriptors)))
}

/// Receives one message without reading it.
pub(crate) fn receive_text(socket: &UnixStream) -> io::Result<Option<(Vec<u8>, Vec<OwnedFd>)>> {
    let mut head = [0; 4];
    let (read, descriptors) = receive_head(socket, &mut head)?;
    if read == 0 {
        return Ok(None);
    }
    let mut socket = socket;
    socket.read_exact(&mut head[read..])?;
    let length = u32::from_ne_bytes(head);
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length as usize];
    socket.read_exact(&mut body)?;
    Ok(Some((body, descriptors)))
}

fn receive_head(socket: &UnixStream, head: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = cmsg_space!([RawFd; MOST_DESCRIPTORS]);
    let mut slices = [IoSliceMut::new(head)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let received = loop {
        match recvmsg::<()>(socket.as_raw_fd(), &mut slices, Some(&mut space), flags) {
            Err(nix::Error::EINTR) => {}
            // A peer that was killed with our message unread resets the connection.
            Err(nix::Error::ECONNRESET) => return Ok((0, Vec::new())),
            other => break other?,
        }
    };
    let mut descriptors = Vec::new();
    for message in received.cmsgs()? {
        if let ControlMessageOwned::ScmRights(raw) = message {
            // SAFETY: the kernel has just made these descriptors, and nobody else owns them.
            descriptors.extend(
                raw.into_iter()
                    .map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }),
            );
        }
    }
    Ok((received.bytes, descriptors))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;

    use super::*;

    #[test]
    fn messages_carry_descriptors() {
        let (left, right) = UnixStream::pair().unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
        send(&left, &"first", &[reader.as_fd()]).unwrap();
        drop(left);
        let (word, descriptors) = receive::<String>(&right).unwrap().unwrap();
        assert_eq!(word, "first");
        writer.write_all(b"x").unwrap();
        let mut byte = [0];
        let mut copy = io::PipeReader::from(descriptors.into_iter().next().unwrap());
        copy.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"x");
    }

    #[test]
    fn a_closed_socket_is_the_end() {
        let (left, right) = UnixStream::pair().unwrap();
        drop(left);
        assert!(receive::<String>(&right).unwrap().is_none());
    }
}
