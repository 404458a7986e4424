//! Headers that tell browsers what they may not do with our pages.

use actix_web::http::header::{self, HeaderName};
use actix_web::middleware::DefaultHeaders;

/// What a page may load: its own style sheet and images, no script at all, nothing from elsewhere; no page may frame it.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'none'; img-src 'self' data:; \
     frame-ancestors 'none'; object-src 'none'; base-uri 'none'; form-action 'self'";

/// Headers of every answer that does not set its own. The referrer stays on this site; with `no-referrer` browsers would send
/// `Origin: null` with our own forms. HSTS stands only where the workspace is reached by https.
pub fn defaults(https: bool) -> DefaultHeaders {
    let headers = DefaultHeaders::new()
        .add((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::X_FRAME_OPTIONS, "SAMEORIGIN"))
        .add((header::REFERRER_POLICY, "same-origin"))
        .add((header::CACHE_CONTROL, "no-store"))
        .add((HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
        .add((HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"));
    if https { headers.add((header::STRICT_TRANSPORT_SECURITY, "max-age=31536000")) } else { headers }
}
