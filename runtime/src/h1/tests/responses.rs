//! Responses of backends that must be refused, and those beside them that must not: the corpus, read by the codec alone.

use http::Method;

use super::super::framing::Decoder;
use super::corpus::{self, Outcome};
use super::messages::asked;
use super::{collect, framing_of};

const CORPUS: &str = include_str!("../../../../tests/desync/responses.txt");

#[tokio::test]
async fn the_corpus_is_read_as_it_says() {
    for case in corpus::read(CORPUS) {
        let found = asked(case.method, &case.bytes()).await.1;
        match (found, &case.outcome) {
            (Ok(found), Outcome::Passed(passed)) => {
                let expected = asked(case.method, passed).await.1.unwrap();
                assert_eq!((found.status, &found.data), (expected.status, &expected.data), "{}", case.name);
                assert_eq!(found.trailers, expected.trailers, "{}", case.name);
                assert!(!found.broken && !expected.broken, "{}", case.name);
            }
            (Ok(found), Outcome::Broken(status)) => {
                assert_eq!((found.status.as_u16(), found.broken), (*status, true), "{}", case.name);
            }
            (Err(_), Outcome::Refused(502)) => {}
            (found, outcome) => panic!("{}: {outcome:?}, but found {found:?}", case.name),
        }
    }
}

#[test]
fn a_body_that_ends_early_is_no_body() {
    let (_, framing, mut buffer) =
        framing_of(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", &Method::GET).unwrap().unwrap();
    let mut decoder = Decoder::new(framing);
    assert!(matches!(collect(&mut decoder, &mut buffer), Ok(None)));
    assert!(decoder.next(&mut buffer, true).is_err());
}
