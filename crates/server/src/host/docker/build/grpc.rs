//! gRPC over HTTP/2, as far as single questions with single answers need it.
//!
//! A message has five bytes before it: whether it is compressed, and its length. How a call went is in
//! the trailers, whatever HTTP says.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use h2::{RecvStream, server::SendResponse};
use hyper::{
    Response,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use prost::Message;

use super::super::super::limits;

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const PREFIX: usize = 5;

/// Why a question has no answer, by gRPC's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    InvalidArgument = 3,
    NotFound = 5,
    Unimplemented = 12,
}

/// The one message of a question.
pub(super) async fn read(body: &mut RecvStream) -> Result<Bytes, Refusal> {
    let mut whole = BytesMut::new();
    while let Some(part) = body.data().await {
        let part = part.map_err(|_| Refusal::InvalidArgument)?;
        whole.extend_from_slice(&part);
        let taken = body.flow_control().release_capacity(part.len());
        if taken.is_err() || whole.len() > PREFIX + limits::QUESTION {
            return Err(Refusal::InvalidArgument);
        }
    }
    message(whole.freeze())
}

/// Nothing is compressed: we never said that it may be.
fn message(mut framed: Bytes) -> Result<Bytes, Refusal> {
    if framed.len() < PREFIX || framed.get_u8() != 0 {
        return Err(Refusal::InvalidArgument);
    }
    let length = framed.get_u32();
    let is_whole = usize::try_from(length).is_ok_and(|length| length == framed.len());
    is_whole.then_some(framed).ok_or(Refusal::InvalidArgument)
}

/// A message that is the answer.
pub(super) fn framed(message: &impl Message) -> Bytes {
    let encoded = message.encode_to_vec();
    let length = u32::try_from(encoded.len()).unwrap_or(u32::MAX);
    let mut framed = BytesMut::with_capacity(PREFIX + encoded.len());
    framed.put_u8(0);
    framed.put_u32(length);
    framed.extend_from_slice(&encoded);
    framed.freeze()
}

pub(super) fn answer(
    mut respond: SendResponse<Bytes>,
    answer: Result<Bytes, Refusal>,
) -> Result<(), h2::Error> {
    let mut head = Response::new(());
    head.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    match answer {
        Ok(message) => {
            let mut body = respond.send_response(head, false)?;
            body.send_data(message, false)?;
            body.send_trailers(HeaderMap::from_iter([(STATUS, HeaderValue::from(0))]))
        }
        Err(refusal) => {
            head.headers_mut().insert(STATUS, HeaderValue::from(refusal as u16));
            respond.send_response(head, true).map(drop)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_whole_or_nothing() {
        let said = |bytes: &'static [u8]| message(Bytes::from_static(bytes));
        assert_eq!(said(b"\0\0\0\0\x02ab"), Ok(Bytes::from_static(b"ab")));
        assert_eq!(said(b"\0\0\0\0\0"), Ok(Bytes::new()));
        for odd in
            [&b""[..], b"\0\0\0\0", b"\x01\0\0\0\x02ab", b"\0\0\0\0\x03ab", b"\0\xff\xff\xff\xffab"]
        {
            assert_eq!(said(odd), Err(Refusal::InvalidArgument));
        }
    }
}
