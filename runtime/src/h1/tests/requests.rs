//! Requests that must be refused, and those beside them that must not: the corpus, read by the codec alone.

use bytes::BytesMut;

use super::super::head::Reader;
use super::corpus::{self, Outcome};
use super::{LIMITS, understood};

const CORPUS: &str = include_str!("../../../../tests/desync/requests.txt");

#[test]
fn the_corpus_is_read_as_it_says() {
    for case in corpus::read(CORPUS) {
        match (understood(&case.bytes()), &case.outcome) {
            (Ok(Some((_, body))), Outcome::Passed(passed)) => {
                let (_, expected) = understood(passed).unwrap().expect(case.name);
                assert_eq!(body, expected, "{}", case.name);
            }
            (Ok(Some(_)), Outcome::Answered(_)) | (Ok(None), Outcome::Waits) => {}
            (Err(fault), Outcome::Refused(status) | Outcome::Broken(status)) => {
                let told = fault.status().map(|status| status.as_u16());
                assert_eq!(told, Some(*status), "{}: {fault}", case.name);
            }
            (found, outcome) => panic!("{}: {outcome:?}, but found {found:?}", case.name),
        }
    }
}

/// However the bytes arrive, the outcome is the same.
#[test]
fn pieces_change_nothing() {
    for case in corpus::read(CORPUS) {
        let (mut reader, mut buffer) = (Reader::default(), BytesMut::new());
        let mut head = Ok(None);
        for byte in case.bytes() {
            buffer.extend_from_slice(&[byte]);
            head = reader.request(&mut buffer, LIMITS);
            if !matches!(head, Ok(None)) {
                break;
            }
        }
        match (head, &case.outcome) {
            (Ok(None), Outcome::Waits) | (Err(_), Outcome::Refused(_)) => {}
            (Ok(Some(_)), Outcome::Passed(_) | Outcome::Answered(_) | Outcome::Waits) => {}
            // refused for its framing, or its body
            (Ok(Some(_)), Outcome::Refused(_) | Outcome::Broken(_)) => {
                assert!(understood(&case.bytes()).is_err(), "{}", case.name);
            }
            (found, outcome) => panic!("{}: {outcome:?}, but found {found:?}", case.name),
        }
    }
}
