//! What goes around the way to a backend and back: the path it is asked for, and what becomes of its response.

use bytes::Bytes;
use divisor_schema::plan::{Encoding, PoolId, Template};
use http::Response;
use http::request::Parts;
use http_body::Body;

use crate::plan::Policy;
use crate::policy::{Compressed, Compression};
use crate::route;

use super::failure::Failure;
use super::request::Target;
use super::{Exchange, ResponseBody, Sent};

impl Exchange<'_> {
    /// Sends a request to a backend of a pool; gives the backend's count of requests with its response.
    pub(super) async fn forward(
        &self,
        pool: PoolId,
        policy: &Policy,
        rewrite: Option<&Template>,
        target: &Target,
        head: Parts,
        body: Sent<impl Body<Data = Bytes> + 'static>,
    ) -> Result<(Response<ResponseBody>, u64), Failure> {
        let path = rewrite.map(|template| route::fill(template, target.source()));
        let compress = policy.compress.as_ref().map(|compress| (compress, compress.accepted(&head)));
        let (response, counter) = self.proxy(pool, policy, target, path, head, body).await?;
        let response = match compress {
            Some((compress, accepted)) => compressed(response, compress, accepted),
            None => response,
        };
        Ok((response, counter))
    }
}

/// The response as a client gets it that accepts this encoding, or none.
fn compressed(
    response: Response<ResponseBody>,
    compress: &Compression,
    accepted: Option<Encoding>,
) -> Response<ResponseBody> {
    let (mut head, body) = response.into_parts();
    let body = match body {
        ResponseBody::Backend(body) if !body.is_end_stream() => match compress.prepare(&mut head, accepted) {
            Some(encoding) => ResponseBody::Compressed(Box::new(Compressed::new(body, encoding))),
            None => ResponseBody::Backend(body),
        },
        other => other,
    };
    Response::from_parts(head, body)
}
