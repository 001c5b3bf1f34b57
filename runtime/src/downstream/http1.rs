//! HTTP/1 with a client.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use divisor_schema::plan::HttpSettings;

use crate::exchange::{self, Client, ResponseBody};
use crate::h1::server::{self, Answer};
use crate::h1::{Fault, Tunnel};
use crate::message::Patience;
use crate::tls::Stream;

/// Serves a connection to its end. When `last` completes, the exchange in flight is the last one.
///
/// # Errors
/// When the client breaks the protocol, goes away or does not take its response.
pub(super) async fn serve(
    stream: Stream,
    client: Rc<Client>,
    settings: &HttpSettings,
    last: Pin<&mut impl Future<Output = ()>>,
) -> Result<(), Fault> {
    let service = |request, interim| {
        let client = Rc::clone(&client);
        async move { exchange::serve(&client, request, interim).await }
    };
    let served = server::serve(stream, settings, last, service).await;
    if served.as_ref().is_err_and(|fault| fault.status().is_some()) {
        client.counters().malformed.add();
    }
    served
}

impl Answer for ResponseBody {
    fn patience(&self) -> Patience {
        self.patience()
    }

    fn tunnel(&mut self) -> Option<Tunnel> {
        self.tunnel()
    }
}
