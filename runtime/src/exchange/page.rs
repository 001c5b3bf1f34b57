//! The pages that a host has for errors of our own.

use http::Response;
use http::header::CONTENT_TYPE;

use crate::plan::ErrorPage;

use super::ResponseBody;

/// A response with the page for its status. What a route is written to say, and what a backend says, stays.
pub(super) fn dressed(mut response: Response<ResponseBody>, pages: &[ErrorPage]) -> Response<ResponseBody> {
    let status = response.status().as_u16();
    if let Some(page) = pages.iter().find(|page| page.statuses.contains(&status)) {
        response.headers_mut().insert(CONTENT_TYPE, page.content_type.clone());
        *response.body_mut() = ResponseBody::local(page.body.clone());
    }
    response
}
