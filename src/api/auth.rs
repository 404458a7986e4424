//! Authentication and permission: a guard before every handler, which knows what the route needs.

use std::rc::Rc;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, dev, web};

use super::idempotency;
use super::problem::Problem;
use super::{Ws, on_pool};
use crate::operations::Workspace;
use crate::operations::access::{Permission, Role, key};

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody: health, documents, and links that prove themselves by their signature.
    Public,
    /// A key whose role holds this permission.
    Needs(Permission),
}

/// Who asks; handlers take it as an argument.
#[derive(Debug, Clone)]
pub struct Caller {
    /// How the audit names the caller: `key:<id>`.
    pub actor: String,
    /// What it may do.
    pub role: Role,
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = std::future::Ready<Result<Caller, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        // The guard has put it there; a public route has no caller.
        std::future::ready(req.extensions().get::<Caller>().cloned().ok_or_else(refused))
    }
}

/// What the guard of a path knows of one of its methods.
#[derive(Debug, Clone)]
pub struct Guarded {
    /// The method.
    pub method: Method,
    /// What it asks of its caller.
    pub access: Access,
    /// Whether its handler reads the body as it comes, and sees to the Idempotency-Key itself.
    pub streams: bool,
}

/// Lets a request through to its handler, or refuses it. `needs` is the part of the route table for this path.
pub async fn guard(
    needs: Rc<Vec<Guarded>>,
    req: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let of_method = needs.iter().find(|guarded| guarded.method == *req.method());
    let Some(&Guarded { access: Access::Needs(permission), streams, .. }) = of_method else {
        // Public; or no such method, and the resource answers 405 with Allow.
        return next.call(req).await;
    };
    match admit(&req, permission).await {
        Ok((ws, caller)) => {
            req.extensions_mut().insert(caller.clone());
            if streams { next.call(req).await } else { idempotency::once(ws, &caller, req, next).await }
        }
        Err(problem) => Ok(refuse(req, problem)),
    }
}

/// The answer to a request that is not let through.
pub fn refuse(req: ServiceRequest, problem: impl Into<Error>) -> ServiceResponse<BoxBody> {
    ServiceResponse::from_err(problem.into(), req.into_parts().0)
}

async fn admit(req: &ServiceRequest, permission: Permission) -> Result<(Ws, Caller), Problem> {
    let sent = bearer(req.request()).ok_or_else(refused)?;
    let ws: Ws = req.app_data::<web::Data<Workspace>>().cloned().ok_or_else(|| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the service was assembled without a workspace")
    })?;
    let key = on_pool(&ws, move |ws| key::authenticate(ws, &sent)).await?.ok_or_else(refused)?;
    let role = Role::parse(&key.role).map_err(Problem::from)?;
    let caller = Caller { actor: format!("key:{}", key.id), role };
    caller.demand(permission)?;
    Ok((ws, caller))
}

impl Caller {
    /// Asks for a permission.
    ///
    /// # Errors
    /// 403, when the caller's role does not hold it.
    pub fn demand(&self, permission: Permission) -> Result<(), Problem> {
        if self.role.may(permission) {
            return Ok(());
        }
        let detail = format!("the key's role `{}` does not hold `{}`", self.role.as_str(), permission.as_str());
        Err(Problem::new(StatusCode::FORBIDDEN, detail))
    }
}

fn refused() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "send a valid key: `Authorization: Bearer vzk_...`")
        .with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"vizavi\"")
}

fn bearer(req: &HttpRequest) -> Option<String> {
    let value = req.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim().to_owned())
}
