//! What becomes of a backend's response on its way to the client.

use divisor_schema::plan::Encoding;
use http::Response;
use http_body::Body;

use crate::policy::{Compressed, Compression};

use super::ResponseBody;

/// The response as a client gets it that accepts this encoding, or none.
pub(super) fn compressed(
    response: Response<ResponseBody>,
    compress: Option<(&Compression, Option<Encoding>)>,
) -> Response<ResponseBody> {
    let Some((compress, accepted)) = compress else { return response };
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
